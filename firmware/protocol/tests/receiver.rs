//! The receiver against a bad line.

#[cfg(test)]
mod tests {
    use firmware_protocol::{
        Direction, FRAME_BYTES_MAX, FrameFault, PLAIN_BYTES_MAX, Received, Receiver, Request,
        encode_frame,
    };
    use proptest::collection::vec;
    use proptest::prelude::{
        Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest,
    };

    fn frame(number: u8, request: &Request) -> Vec<u8> {
        let mut bytes = [0; FRAME_BYTES_MAX];
        let used = encode_frame(1, number, request, &mut bytes).unwrap();
        bytes[..used].to_vec()
    }

    fn feed(receiver: &mut Receiver<Request>, bytes: &[u8]) -> Vec<Received<Request>> {
        bytes
            .iter()
            .filter_map(|byte| receiver.push(*byte))
            .collect()
    }

    fn request() -> impl Strategy<Value = Request> {
        prop_oneof![
            (any::<u32>(), any::<u16>()).prop_map(|(session, ack)| Request::Poll { session, ack }),
            any::<u32>().prop_map(|token| Request::Open {
                direction: Direction::Out,
                token
            }),
            vec(any::<u8>(), 0..=128).prop_map(|data| Request::UpdateChunk {
                offset: 0,
                data: data.into_iter().collect()
            }),
            Just(Request::UpdateCommit),
        ]
    }

    #[test]
    fn the_longest_frame_fits_and_a_longer_one_is_refused() {
        let room = PLAIN_BYTES_MAX - 2 - 4;
        let mut bytes = [0; FRAME_BYTES_MAX];
        // A string of more than 127 bytes has a length of two bytes.
        for filler in ["\0", "\x7f"] {
            let longest = filler.repeat(room - 2);
            let used = encode_frame(1, 1, &longest.as_str(), &mut bytes).unwrap();
            assert_eq!(used, FRAME_BYTES_MAX);
            let mut receiver = Receiver::<heapless::String<200>>::new();
            let frames: Vec<_> = bytes
                .iter()
                .filter_map(|byte| receiver.push(*byte))
                .collect();
            let message = frames[0].as_ref().unwrap().message.as_ref();
            assert_eq!(message.map(AsRef::<str>::as_ref), Some(longest.as_str()));
            let longer = filler.repeat(room - 1);
            let refused = encode_frame(1, 1, &longer.as_str(), &mut bytes);
            assert_eq!(refused, Err(FrameFault::TooLong));
        }
        assert_eq!(
            encode_frame(1, 1, &7_u8, &mut [0; 8]),
            Err(FrameFault::TooLong)
        );
    }

    #[test]
    fn every_single_flipped_bit_is_noticed() {
        let clean = frame(
            7,
            &Request::Open {
                direction: Direction::In,
                token: 42,
            },
        );
        for bit in 0..clean.len() * 8 {
            let mut bytes = clean.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let mut receiver = Receiver::new();
            let mut frames = feed(&mut receiver, &bytes);
            frames.extend(feed(&mut receiver, &[0]));
            assert!(frames.iter().all(Result::is_err), "bit {bit}: {frames:?}");
        }
    }

    #[test]
    fn each_fault_has_its_name() {
        let mut receiver = Receiver::new();
        assert_eq!(feed(&mut receiver, &[0, 0, 0]), []);
        assert_eq!(feed(&mut receiver, &[1; 300]), []);
        assert_eq!(feed(&mut receiver, &[0]), [Err(FrameFault::TooLong)]);
        assert_eq!(
            feed(&mut receiver, &[200, 1, 0]),
            [Err(FrameFault::Stuffing)]
        );
        assert_eq!(
            feed(&mut receiver, &[3, 1, 1, 0]),
            [Err(FrameFault::TooShort)]
        );
        let mut bytes = frame(7, &Request::UpdateCommit);
        bytes[2] ^= 1;
        assert_eq!(feed(&mut receiver, &bytes), [Err(FrameFault::Checksum)]);
    }

    #[test]
    fn an_unknown_message_in_a_whole_frame_is_told_apart() {
        let mut bytes = [0; FRAME_BYTES_MAX];
        let used = encode_frame(1, 7, &250_u8, &mut bytes).unwrap();
        let received = feed(&mut Receiver::new(), &bytes[..used]);
        let whole = received[0].as_ref().unwrap();
        assert_eq!((whole.address, whole.number, &whole.message), (1, 7, &None));
        // Known, but with a byte too many.
        let used = encode_frame(1, 7, &(Request::UpdateCommit, 0_u8), &mut bytes).unwrap();
        let received = feed(&mut Receiver::new(), &bytes[..used]);
        assert_eq!(received[0].as_ref().unwrap().message, None);
    }

    proptest! {
        #[test]
        fn what_is_sent_is_received(number in any::<u8>(), request in request()) {
            let bytes = frame(number, &request);
            prop_assert_eq!(bytes.iter().position(|byte| *byte == 0), Some(bytes.len() - 1));
            let received = feed(&mut Receiver::new(), &bytes);
            let whole = received[0].as_ref().unwrap();
            prop_assert_eq!(whole.number, number);
            prop_assert_eq!(whole.message.as_ref(), Some(&request));
        }

        #[test]
        fn after_any_noise_the_next_frame_is_received(
            noise in vec(any::<u8>(), 0..1000), request in request(),
        ) {
            let mut receiver = Receiver::new();
            feed(&mut receiver, &noise);
            let mut bytes = vec![0];
            bytes.extend(frame(3, &request));
            let received = feed(&mut receiver, &bytes);
            let last = received.last().unwrap().as_ref().unwrap();
            prop_assert_eq!(last.message.as_ref(), Some(&request));
        }

        #[test]
        fn noise_is_no_message(noise in vec(any::<u8>(), 0..2000)) {
            let received = feed(&mut Receiver::new(), &noise);
            prop_assert!(received.iter().all(Result::is_err));
        }
    }
}
