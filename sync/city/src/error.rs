//! What can go wrong in the city, one variant per step.

use std::path::PathBuf;

/// Why a step of the city failed. `Display` names the step; the cause is in `source()`.
#[derive(Debug, thiserror::Error)]
pub enum CityError {
    /// The configuration file has a fault.
    #[error("configuration: {0}")]
    Config(String),
    /// A file could not be read.
    #[error("read {}", path.display())]
    ReadFile {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A file could not be written.
    #[error("write {}", path.display())]
    WriteFile {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A key file would be overwritten: keys are made once.
    #[error("{} exists already; keys are never overwritten", .0.display())]
    KeyExists(PathBuf),
    /// A certificate could not be made.
    #[error("make a certificate")]
    Certificate(#[from] rcgen::Error),
    /// A name that cannot stand in a certificate, a topic or a file name.
    #[error("{name:?} is no box id: 1 to 32 of a-z, 0-9 and '-', and neither city nor broker")]
    BoxId {
        /// The name as it was given.
        name: String,
    },
    /// A date that does not exist or a span that runs backwards.
    #[error("validity: {0}")]
    Validity(String),
    /// The key agreement key could not be made or read.
    #[error("key agreement key: {0}")]
    Key(&'static str),
    /// The operating system gave no randomness.
    #[error("read randomness")]
    Random(#[from] getrandom::Error),
    /// The database refused a statement.
    #[error("database: {step}")]
    Database {
        /// The step that failed.
        step: &'static str,
        /// The cause.
        source: DbFault,
    },
    /// What an operator asked for cannot be done; in Chinese.
    #[error("{0}")]
    Refused(String),
    /// The database was made by another version of this program.
    #[error(
        "database has schema {found}, this program has {known}; where it is older, begin with an \
         empty database: the boxes send everything again"
    )]
    OtherDatabase {
        /// Schema number in the database.
        found: i64,
        /// Schema number of this program.
        known: i64,
    },
    /// TLS material was refused.
    #[error("TLS material")]
    Tls(#[from] native_tls::Error),
    /// A certificate, a key or the list of revoked certificates was refused.
    #[error("a certificate file")]
    Door(#[from] openssl::error::ErrorStack),
    /// The page's address could not be bound.
    #[error("listen on {address}")]
    Listen {
        /// The address as configured.
        address: String,
        /// The cause.
        source: std::io::Error,
    },
    /// A thread or task of the city ended although it must not.
    #[error("{0} ended")]
    Ended(&'static str),
}

/// Why a database refused a statement.
#[derive(Debug, thiserror::Error)]
pub enum DbFault {
    /// `SQLite` said so.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// `PostgreSQL` said so.
    #[error(transparent)]
    Postgres(#[from] tokio_postgres::Error),
    /// `PostgreSQL` took a connection or a statement and said nothing.
    #[error("the server does not answer")]
    Silent,
    /// A column or connection is not what the program made it.
    #[error("a column has another type than this program wrote")]
    Shape,
}

impl CityError {
    /// A `map_err` helper for statements.
    pub(crate) fn db(step: &'static str) -> impl FnOnce(DbFault) -> Self {
        move |source| Self::Database { step, source }
    }

    /// A line with the whole chain of causes, for the log and the terminal.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }
}
