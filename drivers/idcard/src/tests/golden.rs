//! Golden vectors of the serial protocol.

use sha2::{Digest, Sha256};

use super::sample::{
    FOUND, NOT_FOUND, READ_FAILED, RESET_DONE, SAM_ID, SELECT_FAILED, SELECTED, golden_reply,
    reply, sam_id_reply,
};
use crate::{
    BaseRead, CardKind, CardText, CommandFrame, Field, FrameDecoder, ReplyFrame, SamStatus, Sex,
};

fn decode_one(bytes: &[u8]) -> ReplyFrame {
    let mut decoder = FrameDecoder::new();
    let mut replies = decoder.feed(bytes);
    assert_eq!(replies.len(), 1);
    assert_eq!((decoder.pending_bytes(), decoder.take_dropped()), (0, 0));
    replies.remove(0)
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn assert_is_the_golden_card(reply: &ReplyFrame) {
    assert_eq!(SamStatus::from_code(reply.sw3), SamStatus::Ok);
    let base = BaseRead::parse(&reply.data).unwrap();
    assert_eq!(base.portrait, [0; 1024]);
    assert_eq!(base.fingerprint, None);
    let card = CardText::decode(base.text).unwrap();
    assert_eq!(card.kind(), CardKind::Resident);
    assert_eq!(card.reveal(Field::Name), "张三");
    assert_eq!(card.sex(), Sex::Male);
    assert_eq!(card.nation().unwrap().reveal_name(), Some("汉"));
    assert_eq!(card.reveal(Field::Born), "19900307");
    assert_eq!(card.reveal(Field::Address), "测试省测试市测试路1号");
    assert_eq!(card.reveal(Field::Number), "349901199003070016");
    assert_eq!(card.reveal(Field::Issuer), "测试市公安局测试分局");
    assert_eq!(card.reveal(Field::ValidFrom), "20200101");
    assert_eq!(card.reveal(Field::ValidTo), "20400101");
    assert_eq!(card.reveal(Field::TravelPermit), "");
}

#[test]
fn the_golden_card_has_its_length_check_and_digest() {
    let frame = golden_reply();
    assert_eq!(frame.len(), 1295);
    assert_eq!(frame[1294], 0xD5);
    assert_eq!(frame[14..20], [0x20, 0x5F, 0x09, 0x4E, 0x20, 0x00]);
    assert_eq!(
        hex(&Sha256::digest(&frame)),
        "70f9b4aeef3b84dfc4d175dd9f6610c8516656472fd3c8bf8b1edbda8f97553b"
    );
}

#[test]
fn the_golden_card_is_decoded() {
    assert_is_the_golden_card(&decode_one(&golden_reply()));
}

#[test]
fn the_golden_card_is_encoded_to_the_same_bytes() {
    let card = CardText::new(CardKind::Resident)
        .with(Field::Name, "张三")
        .with(Field::Sex, "1")
        .with(Field::Nation, "01")
        .with(Field::Born, "19900307")
        .with(Field::Address, "测试省测试市测试路1号")
        .with(Field::Number, "349901199003070016")
        .with(Field::Issuer, "测试市公安局测试分局")
        .with(Field::ValidFrom, "20200101")
        .with(Field::ValidTo, "20400101");
    let text = card.encode().unwrap();
    let data = BaseRead {
        text: &text,
        portrait: &[0; 1024],
        fingerprint: None,
    }
    .encode()
    .unwrap();
    assert_eq!(ReplyFrame::new(0x90, data).encode(), golden_reply());
}

#[test]
fn the_golden_card_may_be_cut_at_any_byte() {
    let frame = golden_reply();
    for cut in 1..frame.len() {
        let mut decoder = FrameDecoder::<ReplyFrame>::new();
        assert!(decoder.feed(&frame[..cut]).is_empty());
        let replies = decoder.feed(&frame[cut..]);
        assert_eq!(replies.len(), 1, "cut at {cut}");
        assert_is_the_golden_card(&replies[0]);
    }
}

#[test]
fn the_golden_card_may_come_byte_by_byte() {
    let frame = golden_reply();
    let mut decoder = FrameDecoder::<ReplyFrame>::new();
    let (last, rest) = frame.split_last().unwrap();
    for (at, byte) in rest.iter().enumerate() {
        assert!(decoder.feed(&[*byte]).is_empty());
        assert_eq!(decoder.arriving_len(), (at >= 6).then_some(0x0508));
    }
    assert_is_the_golden_card(&decoder.feed(&[*last])[0]);
}

#[test]
fn the_short_replies_are_decoded_and_encoded() {
    let table: [(&[u8], u8, usize); 6] = [
        (&FOUND, 0x9F, 4),
        (&NOT_FOUND, 0x80, 0),
        (&SELECTED, 0x90, 8),
        (&SELECT_FAILED, 0x81, 0),
        (&READ_FAILED, 0x41, 0),
        (&RESET_DONE, 0x90, 0),
    ];
    for (bytes, status, data_bytes) in table {
        let decoded = decode_one(bytes);
        assert_eq!((decoded.sw1, decoded.sw2, decoded.sw3), (0, 0, status));
        assert_eq!(decoded.data.len(), data_bytes);
        assert_eq!(decoded.frame_bytes(), bytes.len());
        assert_eq!(decoded.head(), bytes[..10]);
        assert_eq!(decoded.encode(), bytes);
    }
    assert_eq!(decode_one(&sam_id_reply(&SAM_ID)).frame_bytes(), 27);
}

#[test]
fn a_command_with_data_is_decoded_as_the_reader_sees_it() {
    let set_rf_bytes = [0xAA, 0xAA, 0xAA, 0x96, 0x69, 0, 4, 0x61, 0xFF, 0x50, 0xCA];
    let mut decoder = FrameDecoder::<CommandFrame>::new();
    let commands = decoder.feed(&set_rf_bytes);
    let expected = CommandFrame {
        command: 0x61,
        parameter: 0xFF,
        data: vec![0x50],
    };
    assert_eq!(commands, [expected]);
    assert_eq!(commands[0].encode(), set_rf_bytes);
}

#[test]
fn fingerprints_are_cut_by_the_lengths_in_the_reply() {
    for (blocks, frame_bytes, len) in [(0_u8, 1297, 0x050A), (1, 1809, 0x070A), (2, 2321, 0x090A)] {
        let mut data = vec![0x01, 0x00, 0x04, 0x00, 2 * blocks, 0x00];
        data.extend([0x20; 256]);
        data.extend([0x50; 1024]);
        data.extend(vec![0x46; 512 * usize::from(blocks)]);
        let frame = reply([0, 0, 0x90], &data);
        assert_eq!(frame.len(), frame_bytes);
        assert_eq!(u16::from_be_bytes([frame[5], frame[6]]), len);
        let decoded = decode_one(&frame);
        let base = BaseRead::parse(&decoded.data).unwrap();
        assert_eq!(
            (base.text, base.portrait),
            ([0x20; 256].as_slice(), [0x50; 1024].as_slice())
        );
        assert_eq!(
            base.fingerprint.unwrap(),
            vec![0x46; 512 * usize::from(blocks)]
        );
        assert_eq!(base.encode().unwrap(), data);
    }
}

#[test]
fn other_block_lengths_are_taken_from_the_reply_too() {
    let mut data = vec![0x00, 0x02, 0x00, 0x03];
    data.extend([1, 2, 3, 4, 5]);
    let base = BaseRead::parse(&data).unwrap();
    assert_eq!(
        (base.text, base.portrait),
        ([1, 2].as_slice(), [3, 4, 5].as_slice())
    );
}

#[test]
fn lengths_that_do_not_add_up_are_refused() {
    let whole = golden_reply();
    let data = &whole[10..whole.len() - 1];
    for cut in 0..data.len() {
        assert!(BaseRead::parse(&data[..cut]).is_err(), "{cut}");
    }
    let mut lying = data.to_vec();
    lying[1] = 1;
    assert!(BaseRead::parse(&lying).is_err());
}
