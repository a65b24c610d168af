"use strict";
const $ = (id) => document.getElementById(id);
const people = new Map();
const lanes = new Map();
let shots = [];
let chosen = null;
let lastHeardAt = 0;

const FAULTS = [
  ["读卡失败一次（41）", { kind: "status", status: 0x41 }],
  ["前置噪声", { kind: "noise_before" }], ["帧内噪声", { kind: "noise_inside" }], ["后置噪声", { kind: "noise_after" }],
  ["四个 AA", { kind: "four_aa" }], ["校验错误", { kind: "bad_checksum" }], ["长度谎报", { kind: "length_lie" }],
  ["半帧", { kind: "half_frame", bytes: 600 }], ["逐字节", { kind: "chunks", bytes: 1 }], ["重复应答", { kind: "doubled" }],
  ["读卡中取走", { kind: "lift_during_read" }], ["静默五条命令", { kind: "silence", commands: 5 }],
  ["波特率错误：开", { kind: "wrong_baud", on: true }], ["波特率错误：关", { kind: "wrong_baud", on: false }],
  ["自检失败（60）：开", { kind: "self_test_failed", on: true }], ["自检失败（60）：关", { kind: "self_test_failed", on: false }],
  ["未授权（66）：开", { kind: "not_authorized", on: true }], ["未授权（66）：关", { kind: "not_authorized", on: false }],
];
const CARD_STATE = { no_card: "有卡，未识别", present: "已找到卡", selected: "已选卡，读取中", read_done: "已读，请取走" };
const WAY = { in: "进", out: "出" };
const REASON = { not_opened: "闸没开，回去了", changed_mind: "闸开了，没走", stepped_back: "走一半退回", blocked: "被闸挡住" };

async function post(path, body) {
  try {
    const answer = await fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
    if (!answer.ok) tell(`没有成功：${(await answer.json()).error}`);
  } catch (error) { tell(`没有成功：${error.message}`); }
}

function nameOf(number) {
  const person = people.get(number);
  return person ? person.name : number ? `证件 ${number.slice(-4)}` : "某人";
}

function tell(text, wallMs) {
  const item = document.createElement("li");
  const time = document.createElement("time");
  time.textContent = new Date(wallMs || Date.now()).toLocaleTimeString("zh-CN", { hour12: false });
  item.append(time, text);
  $("story").prepend(item);
  while ($("story").children.length > 80) $("story").lastChild.remove();
}

function sentence(line) {
  const lane = lanes.get(line.lane);
  const where = lane ? lane.text : line.lane;
  const who = nameOf(line.person);
  switch (line.act) {
    case "card_put": return `${who} 在${where}（${WAY[line.direction]}）放上证件`;
    case "read_ok": return `${who} 的证件已完整读出`;
    case "read_failed": return `${who} 的证件没有读成（${line.cause}）`;
    case "card_lifted": return `${who} 取走证件`;
    case "face_shown": return `${line.person ? who : "陌生人"} 站到${where}（${WAY[line.direction]}）摄像头前${line.showing === "still" ? "，举着照片" : ""}`;
    case "face_gone": return `${where}（${WAY[line.direction]}）摄像头前没有人了`;
    case "walked_through": return `✔ ${who} 走${WAY[line.direction]}了${where}`;
    case "turned_back": return `✖ ${who} 在${where}：${REASON[line.reason]}`;
    case "tailgated": return `▲ ${who} 尾随${WAY[line.direction]}了${where}`;
    case "intruded": return `▲ ${who} 闯${WAY[line.direction]}了${where}`;
    case "arm_opened": return `${where} 闸臂打开（${WAY[line.direction]}）${line.commanded ? "" : "，控制板自行放行"}`;
    case "arm_closed": return `${where} 闸臂关闭（${WAY[line.direction]}）`;
    case "fire": return `${where} 火警${line.on ? "开始" : "解除"}`;
    case "tamper": return `${where} 箱门${line.on ? "打开" : "关上"}`;
    case "unplugged": return `${line.device} 被拔线`;
    case "plugged": return `${line.device} 插回`;
    case "board_restarted": return `${where} 控制板重启`;
    case "fault": return `${line.device} 注入故障 ${line.kind}`;
    case "play_started": return "剧本开始";
    case "play_ended": return "剧本结束";
    case "mark": return `剧本标记 ${line.name} ${line.phase === "begin" ? "开始" : "结束"}`;
    default: return null;
  }
}

function choose(number) {
  chosen = chosen === number ? null : number;
  for (const [one, person] of people) person.button.setAttribute("aria-pressed", String(one === chosen));
  for (const lane of lanes.values()) for (const reader of lane.readers.values()) reader.refresh();
}

function addPerson(person) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  const where = document.createElement("span");
  const standing = document.createElement("small");
  button.type = "button";
  button.draggable = true;
  where.className = "where";
  standing.textContent = `${person.standing === "admitted" ? "✔" : "✖"} ${person.standing_text} · ${person.person.slice(-4)}`;
  button.append(where, person.name, document.createElement("br"), standing);
  if (person.standing !== "admitted") button.className = "denied";
  button.setAttribute("aria-pressed", "false");
  button.addEventListener("click", () => choose(person.person));
  button.addEventListener("dragstart", (event) => event.dataTransfer.setData("text/plain", person.person));
  item.append(button);
  $("people").append(item);
  people.set(person.person, { ...person, item, button, where });
}

function act(reader, what, view) {
  if (what === "visit" || what === "put") {
    if (!chosen) return tell("请先在人员里点选一人");
    const body = { reader, person: chosen };
    return post(`/api/${what}`, what === "visit" ? { ...body, wait: false } : body);
  }
  if (what === "lift") return post("/api/lift", { reader });
  return post("/api/fault", { device: reader, kind: view.plugged ? "unplug" : "plug" });
}

function addReader(state, slot, name) {
  const box = $("reader-template").content.firstElementChild.cloneNode(true);
  const select = box.querySelector("select");
  FAULTS.forEach(([text], index) => select.add(new Option(text, index)));
  const reader = { view: state.view };
  reader.refresh = () => {
    const view = reader.view;
    box.querySelector(".reader-state").textContent = !view.plugged ? "✖ 已拔线"
      : view.person ? `${nameOf(view.person)}：${CARD_STATE[view.state]}` : view.heard ? "空闲" : "空闲（盒子未连接）";
    box.classList.toggle("has-card", Boolean(view.person));
    box.classList.toggle("off", !view.plugged);
    box.querySelector('[data-do="cable"]').textContent = view.plugged ? "拔线" : "插回";
    box.querySelector('[data-do="lift"]').disabled = !view.person;
    for (const what of ["visit", "put"]) box.querySelector(`[data-do="${what}"]`).disabled = !chosen || Boolean(view.person);
  };
  box.querySelector(".reader-name").textContent = name;
  box.addEventListener("click", (event) => {
    const what = event.target.dataset.do;
    if (what === "fault") post("/api/fault", { device: state.reader, ...FAULTS[select.value][1] });
    else if (what) act(state.reader, what, reader.view);
  });
  box.addEventListener("dragover", (event) => { event.preventDefault(); box.classList.add("over"); });
  box.addEventListener("dragleave", () => box.classList.remove("over"));
  box.addEventListener("drop", (event) => {
    event.preventDefault();
    box.classList.remove("over");
    const person = event.dataTransfer.getData("text/plain");
    if (people.has(person)) post("/api/visit", { reader: state.reader, person, wait: false });
  });
  slot.append(box);
  return reader;
}

// A picture of the album: whose face it is, and which shot of him.
function shotName(shot) {
  return `${shot.person ? nameOf(shot.person) : "陌生人"}（照片 ${shot.shot}）`;
}

function addCamera(lane, direction, slot) {
  const box = $("camera-template").content.firstElementChild.cloneNode(true);
  const select = box.querySelector("select");
  // The first shot of a person is enrolled; the gate should meet another one first.
  const first = shots.findIndex((shot) => shot.person && !shot.shot.endsWith("1"));
  shots.forEach((shot) => select.add(new Option(shotName(shot), shot.shot)));
  select.selectedIndex = Math.max(first, 0);
  box.querySelector(".camera-name").textContent = `${WAY[direction]}口摄像头`;
  const view = box.querySelector(".view");
  view.alt = `${WAY[direction]}口摄像头的画面`;
  view.src = `/camera/${lane}/${direction}`;
  box.addEventListener("click", (event) => {
    const what = event.target.dataset.do;
    if (!what) return;
    if (what === "both" && !chosen) return tell("请先在人员里点选拿谁的卡");
    const showing = what === "still" ? "still" : "alive";
    post("/api/face_visit", { lane, direction, shot: select.value, showing, ...(what === "both" ? { card: chosen } : {}) });
  });
  slot.append(box);
}

function addLane(state) {
  const box = $("lane-template").content.firstElementChild.cloneNode(true);
  box.querySelector(".lane-name").textContent = state.text;
  box.querySelector(".lane-id").textContent = state.lane;
  const lane = { text: state.text, view: state.view, box, readers: new Map() };
  for (const reader of state.readers) {
    lane.readers.set(reader.reader, addReader(reader, box.querySelector(`[data-direction="${reader.direction}"]`),
      state.desk ? "桌上的读卡器" : `${WAY[reader.direction]}口读卡器`));
  }
  for (const direction of state.cameras) addCamera(state.lane, direction, box.querySelector(`[data-direction="${direction}"]`));
  box.querySelector(".board-acts").hidden = !state.view.has_arm;
  box.addEventListener("click", (event) => {
    const { walk, style, toggle, act: deviceAct } = event.target.dataset;
    const id = state.lane;
    if (walk) post("/api/walk", { lane: id, direction: walk, style, ...(chosen && style !== "tailgate" ? { person: chosen } : {}) });
    else if (toggle === "fire") post("/api/fire", { lane: id, on: !lane.view.fire });
    else if (toggle === "tamper") post("/api/fault", { device: id, kind: lane.view.tamper ? "tamper_off" : "tamper_on" });
    else if (toggle === "cable") post("/api/fault", { device: id, kind: lane.view.plugged ? "unplug" : "plug" });
    else if (deviceAct) post("/api/fault", { device: id, kind: deviceAct });
  });
  $("lanes").append(box);
  lanes.set(state.lane, lane);
}

function showLane(state) {
  const lane = lanes.get(state.lane);
  const { box } = lane;
  const view = state.view;
  lane.view = view;
  for (const way of ["in", "out"]) {
    const arm = box.querySelector(`.arm-${way}`);
    const open = view[`open_${way}`];
    arm.classList.toggle("open", open);
    arm.textContent = !view.has_arm ? `${WAY[way]}：无闸机` : open ? `${WAY[way]}：╱ 开` : `${WAY[way]}：▬ 关`;
  }
  box.querySelector(".outer").classList.toggle("broken", view.beam_outer);
  box.querySelector(".inner").classList.toggle("broken", view.beam_inner);
  box.classList.toggle("fire", view.fire);
  const press = (name, on, text) => {
    const button = box.querySelector(`[data-toggle="${name}"]`);
    button.setAttribute("aria-pressed", String(on));
    button.textContent = text;
  };
  press("fire", view.fire, view.fire ? "▲ 解除火警" : "火警");
  press("tamper", view.tamper, view.tamper ? "关上箱门" : "打开箱门");
  press("cable", !view.plugged, view.plugged ? "控制板拔线" : "控制板插回");
  for (const reader of state.readers) {
    const known = lane.readers.get(reader.reader);
    known.view = reader.view;
    known.refresh();
  }
}

function show(state) {
  lastHeardAt = Date.now();
  document.body.classList.remove("lost");
  for (const lane of state.lanes) {
    if (!lanes.has(lane.lane)) addLane(lane);
    showLane(lane);
  }
  const inside = new Set(state.inside);
  for (const [number, person] of people) person.where.textContent = inside.has(number) ? "在场内" : "";
  const play = { not_started: "剧本未开始", running: "剧本进行中", ended: "剧本已结束", failed: "剧本出错" }[state.play];
  $("status").textContent = `场内 ${inside.size} 人 · ${play}${state.journal_lost ? ` · 日志丢失 ${state.journal_lost} 行` : ""}`;
  $("play").disabled = state.play !== "not_started";
  const burning = state.lanes.some((lane) => lane.view.fire);
  $("fire-all").setAttribute("aria-pressed", String(burning));
  $("fire-all").textContent = burning ? "▲ 解除全场火警" : "▲ 全场火警";
}

async function begin() {
  const state = await (await fetch("/api/state")).json();
  // The refused stand near the top, where a visitor finds them.
  const refused = (person) => person.standing !== "admitted" || person.id_kind !== "resident";
  const others = state.people.filter((person) => !refused(person));
  shots = state.shots;
  [...others.slice(0, 5), ...state.people.filter(refused), ...others.slice(5)].forEach(addPerson);
  show(state);
  const events = new EventSource("/api/events");
  events.addEventListener("state", (event) => show(JSON.parse(event.data)));
  events.addEventListener("line", (event) => {
    const line = JSON.parse(event.data);
    const text = sentence(line);
    if (text) tell(text, line.wall_ms);
  });
  events.onopen = () => { lastHeardAt = Date.now(); };
  events.onerror = () => {
    document.body.classList.add("lost");
    $("status").textContent = "与模拟器失去连接，画面停在断开的一刻";
  };
}

$("find").addEventListener("input", () => {
  const wanted = $("find").value.trim();
  for (const [number, person] of people) person.item.hidden = Boolean(wanted) && !person.name.includes(wanted) && !number.includes(wanted);
});
$("play").addEventListener("click", () => post("/api/play", {}));
$("fire-all").addEventListener("click", () => {
  const on = ![...lanes.values()].some((lane) => lane.view.fire);
  for (const [id, lane] of lanes) if (lane.view.has_arm) post("/api/fire", { lane: id, on });
});
begin().catch((error) => { $("status").textContent = `打不开：${error.message}`; });
