//! Makes the tables where there are none.

use super::session::Session;
use super::value::Sql;
use crate::error::CityError;

/// Schema number that this program writes.
const SCHEMA: i64 = 5;
/// Schema 2, and what each later one adds: an older database gets only what it lacks.
const TABLES: &str = include_str!("schema.sql");
const ADDED: [(i64, &str); 3] = [
    (3, include_str!("schema-3.sql")),
    (4, include_str!("schema-4.sql")),
    (5, include_str!("schema-5.sql")),
];

const EXISTS_SQLITE: Sql = Sql {
    step: "look for tables",
    text: "SELECT count(*) FROM sqlite_master WHERE name IN ('box', 'record', 'schema_version')",
};
const EXISTS_POSTGRES: Sql = Sql {
    step: "look for tables",
    text: "SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema()
           AND table_name IN ('box', 'record', 'schema_version')",
};
const NUMBER: Sql = Sql {
    step: "read the schema number",
    text: "SELECT number FROM schema_version",
};

/// What `PostgreSQL` calls what `schema.sql` says.
const IN_POSTGRES: [(&str, &str); 3] = [
    ("INTEGER", "BIGINT"),
    ("BLOB", "BYTEA"),
    (
        "IDENTITY",
        "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    ),
];

pub(super) fn make(session: &mut Session) -> Result<(), CityError> {
    let exists = if session.is_server() {
        EXISTS_POSTGRES
    } else {
        EXISTS_SQLITE
    };
    let tables = |session: &mut Session| {
        let found = session.row(exists, &[])?;
        found.map_or(Ok(0), |row| row.int(0))
    };
    let found = tables(session)?;
    if found > 0 && number(session, found)? == SCHEMA {
        return Ok(());
    }
    // Two that start together must not both make the tables.
    let begin = if session.is_server() {
        "BEGIN; SELECT pg_advisory_xact_lock(8302);"
    } else {
        "BEGIN IMMEDIATE;"
    };
    session.batch("create the tables", begin)?;
    let made = match tables(session) {
        Ok(0) => session.batch("create the tables", &script(session.is_server(), TABLES)),
        Ok(found) => number(session, found).map(|_| ()),
        Err(error) => Err(error),
    };
    let made = made.and_then(|()| add(session));
    let end = if made.is_ok() { "COMMIT" } else { "ROLLBACK" };
    session.batch("create the tables", end)?;
    made
}

fn add(session: &mut Session) -> Result<(), CityError> {
    let found = number(session, 3)?;
    for (_, added) in ADDED.iter().filter(|(number, _)| found < *number) {
        session.batch("add tables", &script(session.is_server(), added))?;
    }
    Ok(())
}

/// The number of the schema that is there: this one, or one before, which can be added to.
fn number(session: &mut Session, tables: i64) -> Result<i64, CityError> {
    let other = |found| CityError::OtherDatabase {
        found,
        known: SCHEMA,
    };
    // Schema 1 had its number elsewhere.
    if tables < 3 {
        return Err(other(1));
    }
    match session.row(NUMBER, &[])?.map_or(Ok(0), |row| row.int(0))? {
        found @ 2..=SCHEMA => Ok(found),
        found => Err(other(found)),
    }
}

fn script(server: bool, tables: &str) -> String {
    let mut text = tables
        .lines()
        .map(|line| line.split("--").next().unwrap_or(""))
        .collect::<Vec<_>>()
        .join("\n");
    if server {
        for (ours, theirs) in IN_POSTGRES {
            text = text.replace(ours, theirs);
        }
    } else {
        text = text.replace("IDENTITY", "INTEGER PRIMARY KEY");
    }
    text
}
