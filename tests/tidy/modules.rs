//! Inside a crate the arrows go one way too.

use std::collections::BTreeMap;
use std::fs;

use crate::tree::{short, with_extension};

#[test]
fn a_module_imports_only_modules_declared_above_it() {
    let files = with_extension("rs");
    let mut problems = Vec::new();
    for library in files.iter().filter(|file| file.ends_with("src/lib.rs")) {
        let text = fs::read_to_string(library).unwrap();
        let order: BTreeMap<&str, usize> = text
            .lines()
            .filter_map(|line| {
                line.trim_start_matches("pub ")
                    .strip_prefix("mod ")?
                    .strip_suffix(';')
            })
            .enumerate()
            .map(|(index, module)| (module, index))
            .collect();
        let source = library.parent().unwrap();
        for file in files.iter().filter(|file| file.starts_with(source)) {
            let relative = file.strip_prefix(source).unwrap();
            let first = relative
                .components()
                .next()
                .unwrap()
                .as_os_str()
                .to_str()
                .unwrap();
            let own = first.trim_end_matches(".rs");
            let Some(here) = order.get(own) else { continue };
            for word in fs::read_to_string(file).unwrap().split("crate::").skip(1) {
                let used: String = word
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect();
                if order.get(used.as_str()).is_some_and(|there| there > here) {
                    problems.push(format!(
                        "{}: imports {used}, which is declared below {own}",
                        short(file)
                    ));
                }
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn a_map_holds_no_logic() {
    for file in with_extension("rs") {
        let is_map = file.ends_with("src/lib.rs") || file.ends_with("mod.rs");
        if !is_map || short(&file).contains("/tests/") {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let logic = text.lines().find(|line| {
            let line = line
                .trim_start_matches("pub ")
                .trim_start_matches("pub(crate) ");
            ["fn ", "impl ", "struct ", "enum ", "const "]
                .iter()
                .any(|word| line.starts_with(word))
        });
        assert_eq!(
            logic,
            None,
            "{}: move it to a file of its own",
            short(&file)
        );
    }
}
