//! The receiver against a bad line.

#[cfg(test)]
mod tests {
    use firmware_protocol::{
        BoardUid, CardNumber, Direction, Event, EventKind, FRAME_BYTES_MAX, Fault, FrameFault,
        GateState, Hello, Inputs, Lamp, Mode, OpenResult, PLAIN_BYTES_MAX, Received, Receiver,
        Reply, Request, ResetCause, Settings, Signal, Statistics, Status, checksum, encode_frame,
    };
    use proptest::collection::vec;
    use proptest::prelude::{
        Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest,
    };
    use serde::Serialize;

    fn frame(number: u8, message: &impl Serialize) -> Vec<u8> {
        let mut bytes = [0; FRAME_BYTES_MAX];
        let used = encode_frame(1, number, message, &mut bytes).unwrap();
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

    /// One frame of each message that goes over the line.
    fn all_frames() -> Vec<Vec<u8>> {
        let requests = [
            Request::Hello { major: 1, minor: 1 },
            Request::Poll {
                session: 0x0102_0304,
                ack: 517,
            },
            Request::Open {
                direction: Direction::In,
                token: 42,
            },
            Request::Configure(Settings::default()),
            Request::SetMode(Mode::FreeExit),
            Request::Signal(Signal {
                lamp: Lamp::Green,
                lamp_ms: 500,
                buzzer_ms: 0,
            }),
            Request::UpdateCommit,
            Request::AskStatistics,
            Request::SendCard {
                bits: 34,
                number: CardNumber::new(0xfedc_ba98),
            },
        ];
        let passed = |seq| Event {
            seq,
            uptime_ms: 70_000,
            kind: EventKind::Passed {
                direction: Direction::Out,
                token: Some(77),
            },
        };
        let replies = [
            Reply::Hello(Hello {
                major: 1,
                minor: 1,
                firmware: [0, 1, 0],
                uid: BoardUid([0x4d, 0x57, 0, 0, 0, 0, 0, 1]),
                session: 9,
                reset_cause: ResetCause::PowerOn,
            }),
            Reply::Status(Status {
                uptime_ms: 80_000,
                state: GateState::Opened,
                inputs: Inputs(Inputs::BEAM_OUTER),
                pending: 6,
                lost_events: 0,
                bad_frames: 3,
                events: (1..=6).map(passed).collect(),
            }),
            Reply::Open {
                token: 42,
                result: OpenResult::Accepted,
            },
            Reply::Done,
            Reply::Error(Fault::Session),
            Reply::Statistics(Statistics::default()),
        ];
        let requests = requests.iter().map(|request| frame(7, request));
        requests
            .chain(replies.iter().map(|reply| frame(7, reply)))
            .collect()
    }

    /// Nothing of these bytes may be taken for a message, by either end.
    fn refused(bytes: &[u8]) -> bool {
        let mut board = Receiver::<Request>::new();
        let mut driver = Receiver::<Reply>::new();
        bytes.iter().chain(&[0]).all(|byte| {
            board.push(*byte).is_none_or(|it| it.is_err())
                && driver.push(*byte).is_none_or(|it| it.is_err())
        })
    }

    #[test]
    fn every_single_flipped_bit_of_every_frame_is_noticed() {
        for clean in all_frames() {
            assert!(!refused(&clean));
            for bit in 0..clean.len() * 8 {
                let mut bytes = clean.clone();
                bytes[bit / 8] ^= 1 << (bit % 8);
                assert!(refused(&bytes), "bit {bit} of {clean:02x?}");
            }
        }
    }

    #[test]
    fn every_frame_cut_anywhere_is_noticed() {
        for clean in all_frames() {
            for kept in 0..clean.len() - 1 {
                assert!(refused(&clean[..kept]), "{kept} bytes of {clean:02x?}");
                let rest = &clean[kept + 1..];
                assert!(
                    refused(rest),
                    "{kept} and one bytes missing of {clean:02x?}"
                );
            }
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
    fn a_frame_that_was_begun_can_be_forgotten() {
        let whole = frame(7, &Request::UpdateCommit);
        for begun in [&whole[..5], &[1; 300]] {
            let mut receiver = Receiver::new();
            assert_eq!(feed(&mut receiver, begun), []);
            receiver.clear();
            let frames = feed(&mut receiver, &whole);
            let message = frames[0].as_ref().map(|it| it.message.as_ref());
            assert_eq!(message, Ok(Some(&Request::UpdateCommit)));
        }
    }

    /// The check value of CRC-32C: RFC 3720, section B.4, "32 bytes of zeroes" and "32 bytes of ones".
    #[test]
    fn the_checksum_is_that_of_the_rfc() {
        assert_eq!(checksum(&[0; 32]), 0x8a91_36aa);
        assert_eq!(checksum(&[0xff; 32]), 0x62a8_ab43);
    }

    #[test]
    fn an_input_is_on_when_one_of_its_bits_is() {
        let inputs = Inputs(Inputs::FIRE | Inputs::TAMPER);
        assert!(inputs.has(Inputs::FIRE) && inputs.has(Inputs::FIRE | Inputs::BEAM_INNER));
        assert!(!inputs.has(Inputs::BEAM_INNER) && !inputs.has(Inputs::TAMPER_LATCHED));
        assert!(!Inputs(0).has(Inputs::FIRE));
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
