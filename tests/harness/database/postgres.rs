//! A `PostgreSQL` of its own, and what a city has stored in it.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rusqlite::{Connection, params};
use tokio_postgres::{Client, NoTls};

use crate::Result;
use crate::process::repository;

/// A server in a fresh folder; it ends when its input does.
#[derive(Debug)]
pub struct Postgres {
    dir: PathBuf,
    child: Child,
}

impl Postgres {
    /// Starts it and waits until it answers.
    pub fn start() -> Result<Self> {
        let mut child = Command::new("sh")
            .arg(repository().join("sync/city/postgres/temporary.sh"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let said = child.stdout.take().ok_or("no output")?;
        let mut line = String::new();
        BufReader::new(said).read_line(&mut line)?;
        if line.is_empty() {
            return Err("postgresql-15 from Debian is not installed".into());
        }
        let dir = PathBuf::from(line.trim());
        Ok(Self { dir, child })
    }

    /// How a city is told of a database.
    pub fn url(&self, database: &str) -> String {
        format!("host={} user=menwei dbname={database}", self.dir.display())
    }

    /// A connection of the test's own.
    pub async fn connect(&self, database: &str) -> Result<Client> {
        let (client, connection) = tokio_postgres::connect(&self.url(database), NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }

    /// Makes an empty database.
    pub async fn create(&self, database: &str) -> Result<()> {
        let admin = self.connect("postgres").await?;
        let create = format!("CREATE DATABASE {database}");
        Ok(admin.batch_execute(&create).await?)
    }

    /// Writes the records that a city has into a file as the judge reads it.
    pub async fn copy_records(&self, database: &str, file: &Path) -> Result<u64> {
        let rows = self.connect(database).await?;
        let rows = rows
            .query("SELECT box, epoch, seq, body, hash FROM record", &[])
            .await?;
        let mut copy = Connection::open(file)?;
        let copied = copy.transaction()?;
        copied.execute_batch(
            "CREATE TABLE record (box TEXT, epoch TEXT, seq INTEGER, body BLOB, hash BLOB)",
        )?;
        for row in &rows {
            copied.execute(
                "INSERT INTO record VALUES (?1, ?2, ?3, ?4, ?5)",
                params![
                    row.get::<_, String>(0),
                    row.get::<_, String>(1),
                    row.get::<_, i64>(2),
                    row.get::<_, Vec<u8>>(3),
                    row.get::<_, Vec<u8>>(4),
                ],
            )?;
        }
        copied.commit()?;
        Ok(u64::try_from(rows.len())?)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        self.child.wait().ok();
    }
}
