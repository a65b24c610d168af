//! The databases that the tests run against: a `SQLite` file, or a `PostgreSQL` started for this program.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sync_city::config::Database;
use sync_city::db::{Place, Row, Session, Sql, Value};

/// Which database a test runs against.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Store {
    Sqlite,
    Postgres,
}

/// A server that ends with this program: the script ends when its input does.
struct Server {
    dir: PathBuf,
    _child: Child,
}

static SERVER: OnceLock<Server> = OnceLock::new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

fn server() -> &'static Path {
    let start = || {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("postgres/temporary.sh");
        let mut child = Command::new("sh")
            .arg(script)
            .args(["-c", "fsync=off", "-c", "max_connections=200"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        said.read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "postgresql-15 from Debian is installed");
        Server {
            dir: PathBuf::from(line.trim()),
            _child: child,
        }
    };
    &SERVER.get_or_init(start).dir
}

impl Store {
    /// A fresh database; none for the `SQLite` file in the city's folder.
    pub(crate) fn fresh(self) -> Option<Database> {
        if self == Self::Sqlite {
            return None;
        }
        let dir = server().display();
        let name = format!("city{}", DATABASES.fetch_add(1, Ordering::Relaxed));
        let done = Command::new("psql")
            .args([
                "-q",
                "-h",
                &dir.to_string(),
                "-U",
                "menwei",
                "postgres",
                "-c",
            ])
            .arg(format!("CREATE DATABASE {name}"))
            .status()
            .unwrap();
        assert!(done.success());
        let url = format!("host={dir} user=menwei dbname={name}");
        Some(Database { url })
    }
}

/// Asks the city's database by a connection of the test's own.
pub(crate) fn ask(place: &Place, text: &'static str, values: Vec<Value>) -> Vec<Row> {
    let place = place.clone();
    // A connection waits for its answers, which must not happen on a thread of the test's runtime.
    let asked = std::thread::spawn(move || {
        let mut session = Session::open(&place).unwrap();
        session.rows(Sql { step: "ask", text }, &values).unwrap()
    });
    asked.join().unwrap()
}

/// Makes each test run against both databases.
macro_rules! on_both_databases {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name($crate::common::database::Store::Sqlite).await;
            })*
        }
        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                super::$name($crate::common::database::Store::Postgres).await;
            })*
        }
    };
}
pub(crate) use on_both_databases;
