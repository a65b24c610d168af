// Keeps the page up to date. Text goes in as text only, never as markup.
"use strict";

const byId = (id) => document.getElementById(id);

function put(parent, name, text, className) {
  const element = document.createElement(name);
  element.textContent = text;
  if (className) element.className = className;
  parent.append(element);
  return element;
}

function cell(row, label, text, className) {
  const made = put(row, "td", text, className);
  made.dataset.label = label;
  return made;
}

function boxRows(box) {
  const rows = [];
  if (box.heading) {
    const heading = document.createElement("tr");
    heading.className = "site";
    const name = put(heading, "th", box.heading);
    name.colSpan = 10;
    name.scope = "rowgroup";
    rows.push(heading);
  }
  rows.push(boxRow(box));
  return rows;
}

function boxRow(box) {
  const row = document.createElement("tr");
  put(cell(row, "盒子", ""), "b", box.id);
  put(cell(row, "状态", ""), "span", box.state, "tag " + (box.online ? "good" : "bad"));
  cell(row, "最近记录", box.last_record);
  cell(row, "最近心跳", box.last_heartbeat);
  cell(row, "已收到", box.through, "num");
  cell(row, "待上传", box.backlog ?? "—", "num");
  const missing = cell(row, "缺号", box.missing + " ", "num");
  if (box.lost > 0) put(missing, "span", `${box.lost} 补不回`, "tag warn");
  cell(row, "暂存", box.parked, "num");
  cell(row, "照片", box.photos, "num");
  if (box.skew_bad) put(cell(row, "时钟偏差", ""), "span", box.skew, "tag warn");
  else cell(row, "时钟偏差", box.skew);
  return row;
}

function recordRow(record, fresh) {
  const row = document.createElement("tr");
  row.dataset.key = record.key;
  if (fresh) row.className = "fresh";
  cell(row, "盒子", record.id);
  cell(row, "序号", record.seq, "num");
  cell(row, "类型", record.kind);
  cell(row, "人员", record.who);
  cell(row, "通道", record.lane);
  cell(row, "方向", record.direction);
  const result = cell(row, "结果", "");
  if (record.result) put(result, "span", record.result, "tag " + record.tone);
  if (record.reason) put(result, "span", record.reason, "why");
  put(cell(row, "发生时间", ""), "time", record.occurred);
  put(cell(row, "到达时间", ""), "time", record.received);
  const ack = cell(row, "回执", "");
  if (record.acked) put(ack, "span", "✓ 已确认", "ack");
  else put(ack, "span", "待确认", "wait");
  return row;
}

function todoRow(todo) {
  const row = document.createElement("li");
  row.className = todo.tone;
  put(row, "b", todo.id);
  put(row, "strong", todo.what);
  put(row, "span", todo.advice);
  return row;
}

function alarmRow(alarm) {
  const row = document.createElement("li");
  put(row, "time", alarm.at);
  put(row, "b", alarm.id);
  if (alarm.seq > 0) put(row, "span", `第 ${alarm.seq} 号`);
  put(row, "span", alarm.message);
  if (alarm.times > 1) put(row, "i", `${alarm.times} 次`);
  return row;
}

function forkRow(fork) {
  const row = document.createElement("tr");
  put(cell(row, "盒子", ""), "b", fork.id);
  cell(row, "工地", fork.site);
  put(cell(row, "发生了什么", ""), "span", fork.what, "tag " + fork.tone);
  put(cell(row, "编号段", ""), "code", fork.epoch);
  cell(row, "从第几号起", fork.seq > 0 ? fork.seq : "—", "num");
  put(cell(row, "首次发现", ""), "time", fork.first);
  put(cell(row, "最近一次", ""), "time", fork.last);
  cell(row, "后来", fork.after);
  return row;
}

function sentRow(sent) {
  const row = document.createElement("tr");
  put(cell(row, "签发时间", ""), "time", sent.at);
  put(cell(row, "盒子", ""), "b", sent.id);
  cell(row, "内容", sent.detail);
  put(cell(row, "结果", ""), "span", sent.state, "tag " + sent.tone);
  cell(row, "盒子答复", sent.said);
  return row;
}

function show(state) {
  const seen = new Set([...byId("records").rows].map((row) => row.dataset.key));
  byId("time").textContent = state.time;
  byId("t-online").textContent = `${state.online} / ${state.box_count}`;
  byId("t-today").textContent = state.today;
  byId("t-records").textContent = state.records;
  byId("t-backlog").textContent = state.backlog;
  byId("t-parked").textContent = state.parked;
  byId("t-missing").textContent = state.missing;
  byId("t-photos").textContent = state.photos;
  const boxes = byId("day-boxes");
  if (boxes.options.length !== state.boxes.length) {
    boxes.replaceChildren(...state.boxes.map((box) => new Option(box.id)));
    if (!byId("day-box").value && state.boxes.length > 0) byId("day-box").value = state.boxes[0].id;
  }
  byId("t-forks").textContent = state.fork_count;
  byId("forks").replaceChildren(...state.forks.map(forkRow));
  byId("fork-table").hidden = state.forks.length === 0;
  byId("no-forks").hidden = state.forks.length > 0;
  byId("t-more").textContent = state.more_boxes;
  byId("more-boxes").hidden = state.more_boxes === 0;
  byId("t-alarms").textContent = state.alarm_count;
  byId("boxes").replaceChildren(...state.boxes.flatMap(boxRows));
  byId("records").replaceChildren(
    ...state.recent.map((record) => recordRow(record, seen.size > 0 && !seen.has(record.key))));
  byId("alarms").replaceChildren(...state.alarms.map(alarmRow));
  byId("alarms").hidden = state.alarms.length === 0;
  byId("no-alarms").hidden = state.alarms.length > 0;
  byId("todo").replaceChildren(...state.todo.map(todoRow));
  byId("no-todo").hidden = state.todo.length > 0;
  byId("sent").replaceChildren(...state.sent.map(sentRow));
  byId("sent-section").hidden = state.sent.length === 0;
  byId("no-boxes").hidden = state.boxes.length > 0;
  byId("no-records").hidden = state.recent.length > 0;
}

function lamp(className, text) {
  const live = byId("live");
  live.className = "live " + className;
  live.textContent = text;
}

byId("day-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const asked = new URLSearchParams({ box: byId("day-box").value, day: byId("day-date").value });
  let answer;
  try {
    const reply = await fetch("/api/day?" + asked);
    answer = reply.ok ? await reply.json() : { verdict: "failed", sentence: await reply.text(), evidence: [] };
  } catch {
    answer = { verdict: "failed", sentence: "查询失败：与平台断开，请稍后再试。", evidence: [] };
  }
  const shown = byId("day-answer");
  shown.hidden = false;
  shown.dataset.verdict = answer.verdict;
  byId("day-sentence").textContent = answer.sentence;
  const evidence = byId("day-evidence");
  evidence.replaceChildren();
  for (const line of answer.evidence) put(evidence, "li", line);
});

const source = new EventSource("/events");
source.addEventListener("state", (event) => {
  lamp("on", "实时更新");
  show(JSON.parse(event.data));
});
source.addEventListener("error", () => lamp("off", "与平台断开，正在重连"));
