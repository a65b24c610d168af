//! Statements against `PostgreSQL`. Statements of one step travel together, so that a batch costs a
//! few round trips and not a few hundred; records go in by COPY.

use std::collections::HashMap;
use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Config, NoTls, Statement};

use super::value::{RecordRow, Row, Value};
use crate::error::DbFault;

/// Longest wait for a connection unless its string says another.
const CONNECT: Duration = Duration::from_secs(10);
/// So many times that without an answer, and the server counts as gone.
const ANSWER_TIMES: u32 = 6;
/// A connection over which nothing comes is looked after at this pace.
const KEEPALIVE: Duration = Duration::from_secs(15);
/// What was sent and is not confirmed for so long ends the connection.
const UNCONFIRMED: Duration = Duration::from_secs(30);
/// What every connection says first. A commit is on the disk when it is said, whatever the server's own
/// settings are; and where this machine goes away with its locks, the server ends its transactions.
const FIRST: &str = "SET synchronous_commit = on; SET statement_timeout = '50s'; \
    SET lock_timeout = '20s'; SET idle_in_transaction_session_timeout = '60s'; \
    SET tcp_keepalives_idle = 15; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3; \
    SET tcp_user_timeout = '30s'";
/// Statements under way at once.
const TOGETHER_MAX: usize = 512;
/// The columns of `record` in the order of COPY.
const COPY: &str = "COPY record (box, epoch, seq, body, hash, received_at, status)
                    FROM STDIN WITH (FORMAT binary)";
const COPY_TYPES: [Type; 7] = [
    Type::TEXT,
    Type::TEXT,
    Type::INT8,
    Type::BYTEA,
    Type::BYTEA,
    Type::INT8,
    Type::TEXT,
];

pub(super) struct Postgres {
    /// Taken only when dropped: a runtime must not be waited for where others are at work.
    runtime: Option<Runtime>,
    client: Client,
    prepared: HashMap<&'static str, Statement>,
    /// Longest wait for an answer.
    patience: Duration,
    /// An answer did not come: nobody asks again.
    is_silent: AtomicBool,
}

impl std::fmt::Debug for Postgres {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Postgres").finish_non_exhaustive()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl ToSql for Value {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(value) if *kind == Type::INT4 => i32::try_from(*value)?.to_sql(kind, out),
            Self::Int(value) => value.to_sql(kind, out),
            Self::Text(value) => value.to_sql(kind, out),
            Self::Bytes(value) => value.to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        [
            Type::INT4,
            Type::INT8,
            Type::TEXT,
            Type::VARCHAR,
            Type::BYTEA,
        ]
        .contains(kind)
    }

    to_sql_checked!();
}

impl Postgres {
    pub(super) fn open(url: &str) -> Result<Self, DbFault> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|_| DbFault::Shape)?;
        let mut config: Config = url.parse()?;
        let patience = config.get_connect_timeout().copied().unwrap_or(CONNECT);
        let unconfirmed = config.get_tcp_user_timeout().copied();
        config
            .connect_timeout(patience)
            .tcp_user_timeout(unconfirmed.unwrap_or(UNCONFIRMED))
            .keepalives_idle(KEEPALIVE)
            .keepalives_interval(KEEPALIVE / 3)
            .keepalives_retries(3);
        let connect = async {
            let (client, connection) = config.connect(NoTls).await?;
            // It ends with the connection, and then every statement says so.
            drop(tokio::spawn(connection));
            client.batch_execute(FIRST).await?;
            Ok::<_, tokio_postgres::Error>(client)
        };
        // Who takes a connection may still never say a word.
        let connected = runtime
            .block_on(async { tokio::time::timeout(patience.saturating_mul(2), connect).await });
        Ok(Self {
            client: connected.map_err(|_| DbFault::Silent)??,
            runtime: Some(runtime),
            prepared: HashMap::new(),
            patience: patience.saturating_mul(ANSWER_TIMES),
            is_silent: AtomicBool::new(false),
        })
    }

    pub(super) fn is_lost(&self) -> bool {
        self.client.is_closed() || self.is_silent.load(Ordering::Acquire)
    }

    pub(super) fn batch(&self, text: &str) -> Result<(), DbFault> {
        self.wait(self.client.batch_execute(text))
    }

    /// One answer for each set of values.
    pub(super) fn rows_each(
        &mut self,
        text: &'static str,
        sets: &[Vec<Value>],
    ) -> Result<Vec<Vec<Row>>, DbFault> {
        let statement = self.prepare(text)?;
        let (client, statement) = (&self.client, &statement);
        let mut answers = Vec::with_capacity(sets.len());
        for some in sets.chunks(TOGETHER_MAX) {
            let asked = some.iter().map(|set| async move {
                let found = client.query(statement, &references(set)).await?;
                found.iter().map(read).collect::<Result<Vec<_>, DbFault>>()
            });
            answers.extend(self.wait(try_join_all(asked))?);
        }
        Ok(answers)
    }

    /// How many rows each set of values changed.
    pub(super) fn run_each(
        &mut self,
        text: &'static str,
        sets: &[Vec<Value>],
    ) -> Result<Vec<u64>, DbFault> {
        let statement = self.prepare(text)?;
        let (client, statement) = (&self.client, &statement);
        let mut changed = Vec::with_capacity(sets.len());
        for some in sets.chunks(TOGETHER_MAX) {
            let asked = some
                .iter()
                .map(|set| async move { client.execute(statement, &references(set)).await });
            changed.extend(self.wait(try_join_all(asked))?);
        }
        Ok(changed)
    }

    pub(super) fn append(&self, records: &[RecordRow<'_>]) -> Result<(), DbFault> {
        self.wait(async {
            let sink = self.client.copy_in(COPY).await?;
            let writer = BinaryCopyInWriter::new(sink, &COPY_TYPES);
            let mut writer = std::pin::pin!(writer);
            for one in records {
                let seq = i64::try_from(one.seq).map_err(|_| DbFault::Shape)?;
                let hash = one.hash.as_slice();
                let row: [&(dyn ToSql + Sync); 7] = [
                    &one.id,
                    &one.epoch,
                    &seq,
                    &one.body,
                    &hash,
                    &one.received_at,
                    &one.status,
                ];
                writer.as_mut().write(&row).await?;
            }
            writer.finish().await?;
            Ok::<_, DbFault>(())
        })
    }

    fn prepare(&mut self, text: &'static str) -> Result<Statement, DbFault> {
        if let Some(known) = self.prepared.get(text) {
            return Ok(known.clone());
        }
        let numbered = text.replace('?', "$");
        let statement = self.wait(self.client.prepare(&numbered))?;
        self.prepared.insert(text, statement.clone());
        Ok(statement)
    }

    /// Waits for an answer, not for ever: a server that is gone without a word is as good as closed.
    fn wait<T, E: Into<DbFault>>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, DbFault> {
        let runtime = self.runtime.as_ref().ok_or(DbFault::Shape)?;
        if self.is_silent.load(Ordering::Acquire) {
            return Err(DbFault::Silent);
        }
        let patience = self.patience;
        let answer = runtime.block_on(async { tokio::time::timeout(patience, work).await });
        let Ok(answer) = answer else {
            self.is_silent.store(true, Ordering::Release);
            return Err(DbFault::Silent);
        };
        answer.map_err(Into::into)
    }
}

fn references(values: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    values
        .iter()
        .map(|value| -> &(dyn ToSql + Sync) { value })
        .collect()
}

fn read(row: &tokio_postgres::Row) -> Result<Row, DbFault> {
    let columns = row.columns().iter().enumerate();
    let values = columns.map(|(at, column)| {
        Ok(match *column.type_() {
            Type::INT8 => row.try_get::<_, Option<i64>>(at)?.into(),
            Type::INT4 => row.try_get::<_, Option<i32>>(at)?.map(i64::from).into(),
            Type::TEXT | Type::VARCHAR => row.try_get::<_, Option<String>>(at)?.into(),
            Type::BYTEA => row.try_get::<_, Option<&[u8]>>(at)?.into(),
            // A lock that was taken answers with nothing.
            Type::VOID => Value::Null,
            _ => return Err(DbFault::Shape),
        })
    });
    values.collect::<Result<_, _>>().map(Row)
}
