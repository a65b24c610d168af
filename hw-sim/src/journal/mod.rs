//! The truth of the day: what people did and saw, one JSON object a line, appended and flushed at once.
//!
//! An independent verdict compares this file with the city's database, so every line is defined here.
//! Nothing in it comes from the box: only hands, feet, arms and wires.
//!
//! # Every line
//! | key | meaning |
//! |---|---|
//! | `n` | number of the line in this file: 1, 2, 3 … without a hole |
//! | `wall_ms` | Unix time in ms by this machine's wall clock when the act happened |
//! | `mono_ns` | `CLOCK_MONOTONIC` in ns when the act happened; never falls from one line to the next |
//! | `act` | which act; the other keys depend on it |
//!
//! # Acts of people
//! `visit` numbers one turn of one person at one reader, from the card put down to the person gone;
//! `person` is the full number on the card (for an override or a walk without a card it is absent).
//!
//! | `act` | other keys | meaning |
//! |---|---|---|
//! | `card_put` | visit, reader, lane, direction, person | the card lies on the reader |
//! | `read_ok` | visit, reader, lane, direction, person | one whole, correct base-read reply for that card was written to the wire **and taken by the box** (its input queue was empty afterwards); written at most once for each time the card is put |
//! | `read_failed` | visit, reader, lane, direction, person, cause | a base-read was asked for and the box cannot have got the card by this reply; `cause` names the fault (`status_41`, `bad_checksum`, `half_frame`, `not_taken`, `unplugged` …); a later `read_ok` of the same visit may follow |
//! | `card_lifted` | visit, reader, lane, direction, person | the card is off the reader |
//! | `walked_through` | visit?, lane, direction, person? | the person crossed both beams and is on the other side |
//! | `turned_back` | visit?, lane, direction, person?, reason | the person is where he was: `not_opened` (arm did not open in time), `changed_mind` (arm open, never stepped in), `stepped_back` (broke the first beam and went back), `blocked` (walked against a closed arm) |
//! | `tailgated` | lane, direction, person? | a second person crossed behind the first on one opening |
//! | `intruded` | lane, direction, person? | a person crossed against a closed arm |
//! | `face_shown` | visit?, lane, direction, person?, shot, showing | somebody stands before the camera of that direction; `person` is whose face it is, absent for somebody whom the site does not know; `showing` is `alive`, or the fraud `still` |
//! | `face_gone` | lane, direction | nobody stands there any more |
//!
//! # What can be seen at the gate
//! | `act` | other keys | meaning |
//! |---|---|---|
//! | `arm_opened` | lane, direction, commanded | the arm let go in that direction (edge of the relay); `commanded` is true when an open command for that direction came over the wire from the box within the 500 ms before, false when the board opened by itself (fire, silent box, mode) |
//! | `arm_closed` | lane, direction | it is locked again |
//! | `fire` | lane, on | the fire contact of that board |
//! | `tamper` | lane, on | the cabinet door contact of that board |
//!
//! # What was done to devices
//! | `act` | other keys | meaning |
//! |---|---|---|
//! | `unplugged`, `plugged` | device | the cable was pulled, or put in again (a new terminal under the old name) |
//! | `board_restarted` | lane | the board's processor was reset |
//! | `fault` | device, kind | a fault was armed |
//!
//! # The script
//! | `act` | other keys | meaning |
//! |---|---|---|
//! | `journal_opened` | site_day, seed | first line of a run; a file may hold several runs |
//! | `play_started`, `play_ended` | – | the scripted day; after `play_ended` every scripted visit is over |
//! | `mark` | name, phase (`begin`, `end`) | a scripted moment for whoever drives the rest of the site (broker, city, box) |

mod act;
mod book;

pub use act::{Act, AtLane, AtReader, Line, MarkPhase, TurnedBack};
pub use book::{Journal, read};
