//! All targets.

use crate::target::Target;
use crate::{board, city, course, down, faces, files, gates, lines, readers, terminals, wire};

/// Every decoder of bytes from outside.
pub const TARGETS: &[Target] = &[
    Target {
        name: "reader_frames",
        bytes_max: 1_400,
        seeds: readers::frame_seeds,
        run: readers::frames,
    },
    Target {
        name: "reader_poll",
        bytes_max: 1_400,
        seeds: readers::poll_seeds,
        run: readers::poll,
    },
    Target {
        name: "gate_frames",
        bytes_max: 300,
        seeds: gates::frame_seeds,
        run: gates::frames,
    },
    Target {
        name: "board",
        bytes_max: 200,
        seeds: board::seeds,
        run: board::run,
    },
    Target {
        name: "gate_line",
        bytes_max: 72,
        seeds: lines::gate_seeds,
        run: lines::gate,
    },
    Target {
        name: "relay_line",
        bytes_max: 60,
        seeds: lines::relay_seeds,
        run: lines::relay,
    },
    Target {
        name: "wire_message",
        bytes_max: 1_600,
        seeds: wire::message_seeds,
        run: wire::message,
    },
    Target {
        name: "wire_record",
        bytes_max: 600,
        seeds: wire::record_seeds,
        run: wire::record,
    },
    Target {
        name: "wire_word",
        bytes_max: 500,
        seeds: wire::word_seeds,
        run: wire::word,
    },
    Target {
        name: "wire_ack",
        bytes_max: 400,
        seeds: wire::ack_seeds,
        run: wire::ack,
    },
    Target {
        name: "engine",
        bytes_max: 80,
        seeds: course::seeds,
        run: course::run,
    },
    Target {
        name: "signed_message",
        bytes_max: 600,
        seeds: down::signed_seeds,
        run: down::signed,
    },
    Target {
        name: "roster_file",
        bytes_max: 800,
        seeds: down::roster_seeds,
        run: down::roster,
    },
    Target {
        name: "sealed_text",
        bytes_max: 300,
        seeds: down::sealed_seeds,
        run: down::sealed,
    },
    Target {
        name: "city_message",
        bytes_max: 1_600,
        seeds: city::seeds,
        run: city::run,
    },
    Target {
        name: "site_settings",
        bytes_max: 1_500,
        seeds: files::settings_seeds,
        run: files::settings,
    },
    Target {
        name: "import_text",
        bytes_max: 400,
        seeds: files::text_seeds,
        run: files::text,
    },
    Target {
        name: "import_workbook",
        bytes_max: 1_000,
        seeds: files::workbook_seeds,
        run: files::workbook,
    },
    Target {
        name: "face_frames",
        bytes_max: 300,
        seeds: faces::seeds,
        run: faces::run,
    },
    Target {
        name: "terminal_stream",
        bytes_max: 600,
        seeds: terminals::stream_seeds,
        run: terminals::stream,
    },
    Target {
        name: "terminal_answer",
        bytes_max: 400,
        seeds: terminals::answer_seeds,
        run: terminals::answer,
    },
    Target {
        name: "panel_message",
        bytes_max: 300,
        seeds: terminals::panel_seeds,
        run: terminals::panel,
    },
];

/// A fault behind a word that no guessing meets: a fuzzer that does not find it is not guided.
pub const PLANTED: Target = Target {
    name: "planted",
    bytes_max: 64,
    seeds: || vec![vec![0]],
    run: planted,
};

fn planted(bytes: &[u8]) -> bool {
    let Some((word, rest)) = bytes.split_at_checked(8) else {
        return false;
    };
    let found = word == b"MenWei/1" && rest.starts_with(b"!");
    assert!(!found, "the planted fault was found");
    false
}
