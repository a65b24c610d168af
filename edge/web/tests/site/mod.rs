//! A whole screen in memory: invented people, accounts that live as long as the test.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use edge_domain::{Act, AuditNote, PersonName, Policy, WorkerId};
use edge_store::{Hash, Head, ImportJob, ImportRow, KeptSheet, Key, Reader, Store, StoreSettings};
use edge_web::{
    Account, AccountStore, ActMaker, Books, BoxFuture, ClaimCode, ClockView, DeviceLamp,
    DownRefusal, GateScreen, GateShow, HealthView, ImportDesk, ImportMaker, Kiosks, LampState,
    LinkView, MaskedName, PassageRow, Recorder, Refusal, Remedy, SourceError, SyncView,
    TodaySource, TodayView, Verdict, Voice, Way, WebChannels, WebSettings, WebState,
};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// 2026-06-03 07:02:11 in Shanghai.
pub(crate) const MORNING_MS: i64 = 1_780_441_331_000;

/// Accounts in memory.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    kept: Mutex<(Vec<Account>, Option<String>)>,
}

impl AccountStore for Accounts {
    fn account(&self, name: &str) -> BoxFuture<'_, Result<Option<Account>, SourceError>> {
        let kept = self.kept.lock().unwrap();
        let found = kept.0.iter().find(|account| account.name == name).cloned();
        Box::pin(async move { Ok(found) })
    }

    fn accounts(&self) -> BoxFuture<'_, Result<Vec<Account>, SourceError>> {
        let all = self.kept.lock().unwrap().0.clone();
        Box::pin(async move { Ok(all) })
    }

    fn claim_code_hash(&self) -> BoxFuture<'_, Result<Option<String>, SourceError>> {
        let hash = self.kept.lock().unwrap().1.clone();
        Box::pin(async move { Ok(hash) })
    }

    fn claim(&self, account: Account, hash: String) -> BoxFuture<'_, Result<bool, SourceError>> {
        let mut kept = self.kept.lock().unwrap();
        let right = kept.1.as_ref() == Some(&hash);
        if right {
            kept.1 = None;
            kept.0.retain(|old| old.name != account.name);
            kept.0.push(account);
        }
        Box::pin(async move { Ok(right) })
    }

    fn put(&self, account: Account) -> BoxFuture<'_, Result<(), SourceError>> {
        let mut kept = self.kept.lock().unwrap();
        kept.0.retain(|old| old.name != account.name);
        kept.0.push(account);
        Box::pin(async { Ok(()) })
    }

    fn set_password(
        &self,
        name: &str,
        password_hash: String,
    ) -> BoxFuture<'_, Result<bool, SourceError>> {
        let mut kept = self.kept.lock().unwrap();
        let found = kept.0.iter_mut().find(|account| account.name == name);
        let is_there = found.is_some();
        if let Some(account) = found {
            account.password_hash = Some(password_hash);
            account.code = None;
        }
        Box::pin(async move { Ok(is_there) })
    }

    fn remove(&self, name: &str) -> BoxFuture<'_, Result<bool, SourceError>> {
        let mut kept = self.kept.lock().unwrap();
        let before = kept.0.len();
        kept.0.retain(|account| account.name != name);
        let removed = kept.0.len() < before;
        Box::pin(async move { Ok(removed) })
    }
}

/// A desk that takes notes of what the office did, and nothing else.
struct ClosedDesk {
    reader: Mutex<Reader>,
    noted: Arc<Mutex<Vec<AuditNote>>>,
}

impl Recorder for ClosedDesk {
    fn record(&self, maker: ActMaker) -> BoxFuture<'_, Result<Result<(), Refusal>, SourceError>> {
        let made = maker(&self.reader.lock().unwrap());
        let mut answer = Ok(Err(Refusal::new("这里不收登记。")));
        if let Ok(Ok(acts)) = made
            && let [Act::Audit(note)] = acts.as_slice()
        {
            self.noted.lock().unwrap().push(note.clone());
            answer = Ok(Ok(()));
        }
        Box::pin(async move { answer })
    }

    fn keep_file(
        &self,
        _: WorkerId,
        _: String,
        _: Vec<u8>,
    ) -> BoxFuture<'_, Result<bool, SourceError>> {
        Box::pin(async { Ok(false) })
    }

    fn keep_sheet(&self, _: KeptSheet) -> BoxFuture<'_, Result<(), SourceError>> {
        Box::pin(async { Ok(()) })
    }
}

/// A desk that reads files and takes nothing in.
struct NoFiles;

impl ImportDesk for NoFiles {
    fn read(&self, file: Vec<u8>) -> BoxFuture<'_, Result<Option<Vec<u8>>, SourceError>> {
        Box::pin(async move { edge_web::read_table(&file).map(Some) })
    }

    fn begin(
        &self,
        _: ImportJob,
        _: Vec<ImportRow>,
        _: (i64, Vec<String>),
    ) -> BoxFuture<'_, Result<u64, SourceError>> {
        Box::pin(async { Err("这里不收文件".into()) })
    }

    fn remove(&self, _: u64) -> BoxFuture<'_, Result<(), SourceError>> {
        Box::pin(async { Ok(()) })
    }

    fn carry_out(&self, _: ImportMaker) -> BoxFuture<'_, Result<bool, SourceError>> {
        Box::pin(async { Ok(false) })
    }
}

/// A day in memory.
#[derive(Debug, Default)]
pub(crate) struct Day(pub(crate) Mutex<TodayView>);

impl TodaySource for Day {
    fn today(&self, _now_ms: i64, rows_max: usize) -> Result<TodayView, SourceError> {
        let mut view = self.0.lock().map_err(|_| "poisoned")?.clone();
        view.rows.truncate(rows_max);
        Ok(view)
    }
}

/// The screen and everything that a test may turn.
pub(crate) struct Site {
    pub(crate) address: String,
    pub(crate) code: ClaimCode,
    pub(crate) day: Arc<Day>,
    pub(crate) health: watch::Sender<HealthView>,
    pub(crate) head: watch::Sender<Head>,
    pub(crate) clock_ms: Arc<AtomicI64>,
    pub(crate) stop: CancellationToken,
    pub(crate) store: Store,
    /// What the office did.
    pub(crate) noted: Arc<Mutex<Vec<AuditNote>>>,
    /// What the gate shows.
    pub(crate) gate: watch::Sender<GateShow>,
    _folder: tempfile::TempDir,
}

impl Site {
    /// Serves an empty, unclaimed site on a free loopback port.
    pub(crate) async fn start() -> Self {
        Self::start_on("127.0.0.1:0").await
    }

    /// As [`Self::start`], at an address.
    pub(crate) async fn start_on(listen: &str) -> Self {
        let listener = TcpListener::bind(listen).await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let code = ClaimCode::random().unwrap();
        let accounts = Arc::new(Accounts::default());
        accounts.kept.lock().unwrap().1 = Some(code.hash().unwrap());
        let day = Arc::new(Day::default());
        let (health, health_seen) = watch::channel(HealthView::default());
        let (head, head_seen) = watch::channel(head_at(0));
        let clock_ms = Arc::new(AtomicI64::new(MORNING_MS));
        let stop = CancellationToken::new();
        let settings = WebSettings {
            site_name: "江湾新城二期".to_owned(),
            box_id: "box-349900-01".to_owned(),
            version: "0.1.0".to_owned(),
            secure_cookies: false,
        };
        let clock = Arc::clone(&clock_ms);
        let folder = tempfile::tempdir().unwrap();
        let settings_of_store = StoreSettings {
            path: folder.path().join("menwei.db"),
            box_id: "box-349900-01".to_owned(),
            site: "江湾新城二期".to_owned(),
        };
        let store = Store::open(&settings_of_store, &Key::from_bytes([7; 32])).unwrap();
        let books = Books::new(
            store.reader().unwrap(),
            watch::channel(Arc::new(Policy::anhui())).1,
            BTreeMap::new(),
        );
        let noted = Arc::default();
        let gate = watch::Sender::new(GateShow::default());
        let channels = WebChannels {
            faces: None,
            books,
            recorder: Arc::new(ClosedDesk {
                reader: Mutex::new(store.reader().unwrap()),
                noted: Arc::clone(&noted),
            }),
            imports: Arc::new(NoFiles),
            desk_reader: None,
            newcomer: watch::Sender::new(None),
            kiosks: one_gate(&gate),
            today: day.clone(),
            accounts,
            health: health_seen,
            head: head_seen,
            clock: Arc::new(move || clock.load(Ordering::Relaxed)),
        };
        let state = WebState::new(settings, channels);
        tokio::spawn(edge_web::serve(listener, state, stop.clone()));
        Self {
            address,
            code,
            day,
            health,
            head,
            clock_ms,
            stop,
            store,
            noted,
            gate,
            _folder: folder,
        }
    }

    /// Adds a passage as the newest one and tells the screen.
    pub(crate) fn pass(&self, row: PassageRow) {
        let mut day = self.day.0.lock().unwrap();
        day.through = row.seq;
        day.rows.insert(0, row);
        let head = head_at(day.through);
        drop(day);
        self.head.send_replace(head);
    }

    /// An address on this screen.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }
}

/// The screen of a site with one gate.
fn one_gate(shown: &watch::Sender<GateShow>) -> Kiosks {
    Kiosks {
        gates: vec![GateScreen {
            lane: "gate-1".to_owned(),
            name: "1号通道".to_owned(),
            shown: shown.subscribe(),
        }],
        voice: Some(Arc::new(Echo)),
        ..Kiosks::default()
    }
}

/// A voice whose sounds are the words themselves.
#[derive(Debug)]
struct Echo;

impl Voice for Echo {
    fn prepare(&self) {}

    fn line(&self, line: &'static str) -> BoxFuture<'_, Option<Vec<u8>>> {
        Box::pin(async move { Some(line.as_bytes().to_vec()) })
    }

    fn name(&self, name: String) -> BoxFuture<'_, Option<Vec<u8>>> {
        Box::pin(async move { Some(name.into_bytes()) })
    }

    fn says_names(&self) -> bool {
        true
    }
}

fn head_at(seq: u64) -> Head {
    Head {
        seq,
        hash: Hash::from_bytes([0; 32]),
    }
}

fn masked(name: &str) -> MaskedName {
    MaskedName::from(&PersonName::parse(name).unwrap())
}

/// A granted entry of an invented worker.
pub(crate) fn granted(seq: u64, name: &str) -> PassageRow {
    PassageRow {
        seq,
        at_ms: MORNING_MS + i64::try_from(seq).unwrap() * 1_700,
        time_is_sure: true,
        name: Some(masked(name)),
        is_visitor: false,
        team: Some("钢筋一班".to_owned()),
        lane: "1号通道".to_owned(),
        way: Way::In,
        verdict: Verdict::Granted { notes: Vec::new() },
        uploaded: false,
    }
}

/// A morning with everything on it, for looking at the page.
pub(crate) fn busy_morning() -> TodayView {
    let names = [
        "单雄信",
        "仇和",
        "区志航",
        "买买提·吐尔逊江",
        "覃月英",
        "欧阳大山",
        "䶮",
    ];
    let teams = [
        "钢筋一班",
        "木工二班",
        "架子工班",
        "混凝土班",
        "幕墙安装班组（鲁南劳务）",
    ];
    let mut rows: Vec<PassageRow> = (1..=30)
        .map(|seq| {
            let pick = usize::try_from(seq).unwrap();
            let mut row = granted(seq * 2 + 1_180, names[pick % names.len()]);
            row.at_ms = MORNING_MS - (30 - i64::try_from(seq).unwrap()) * 4_300;
            row.team = Some(teams[pick % teams.len()].to_owned());
            if pick % 3 == 0 {
                "2号通道".clone_into(&mut row.lane);
            }
            row.way = if pick % 7 == 0 { Way::Out } else { Way::In };
            row
        })
        .collect();
    rows[28].verdict = Verdict::Denied {
        reason: "未完成三级教育".to_owned(),
        advice: "请到安全部".to_owned(),
    };
    rows[26].verdict = Verdict::Denied {
        reason: "未登记".to_owned(),
        advice: "请找劳资专管员".to_owned(),
    };
    rows[26].name = None;
    rows[26].team = None;
    rows[25].verdict = Verdict::Granted {
        notes: vec!["年龄需关注".to_owned()],
    };
    rows[24].verdict = Verdict::Repeated;
    rows[22].verdict = Verdict::Override {
        note: "门卫 老周：送货人员登记后放行".to_owned(),
    };
    rows[22].name = None;
    rows[22].team = None;
    rows[20].time_is_sure = false;
    rows.reverse();
    TodayView {
        through: 1_240,
        on_site: 1_187,
        visitors: 2,
        entered_today: 1_203,
        denied_today: 9,
        on_roster: 1_420,
        rows,
    }
}

/// A box with two faults and no way out to the city.
pub(crate) fn troubled_box() -> HealthView {
    let lamp = |name: &str, lane: &str, state| DeviceLamp {
        name: name.to_owned(),
        lane: Some(lane.to_owned()),
        state,
        remedy: None,
    };
    let mut devices = vec![
        lamp("1号进口读卡器", "1号通道", LampState::Ok),
        lamp("1号出口读卡器", "1号通道", LampState::Ok),
        lamp("1号闸机控制板", "1号通道", LampState::Ok),
        lamp("2号进口读卡器", "2号通道", LampState::Offline),
        lamp("2号出口读卡器", "2号通道", LampState::Ok),
        lamp("2号闸机控制板", "2号通道", LampState::Fault),
    ];
    devices[3].remedy = Some(Remedy {
        code: "E-RD-02".to_owned(),
        cause: "读卡器没有应答，USB 线可能松了。".to_owned(),
        effect: "2号通道进口不能刷身份证。".to_owned(),
        advice: "插紧读卡器的 USB 线；工人先走1号通道。".to_owned(),
    });
    devices[5].remedy = Some(Remedy {
        code: "E-GB-05".to_owned(),
        cause: "红外对射 B 被挡住超过 30 秒。".to_owned(),
        effect: "通行方向判断不了，按刷卡计考勤。".to_owned(),
        advice: "清开通道里的杂物，擦净探头。".to_owned(),
    });
    HealthView {
        devices,
        clock: ClockView::Holdover,
        sync: SyncView {
            link: LinkView::Offline,
            backlog: 1_238,
            oldest_at_ms: Some(MORNING_MS - 3 * 86_400_000),
            last_ack_at_ms: Some(MORNING_MS - 3 * 86_400_000),
            acked_through: 1_222,
            parked: 2,
            remedy: Some(Remedy {
                code: "E-UP-10".to_owned(),
                cause: "连不上市平台服务器。".to_owned(),
                effect: String::new(),
                advice: "检查路由器的外网指示灯；恢复后会自动续传。".to_owned(),
            }),
            refused: Some(DownRefusal {
                at_ms: MORNING_MS,
                code: "wrong_signature".to_owned(),
                message: "平台下发的内容签名不符，可能不是平台所发，未执行，请联系平台核实"
                    .to_owned(),
                count: 2,
            }),
        },
        ledger: edge_web::LedgerView::Writable,
        photos: None,
    }
}
