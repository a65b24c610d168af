// Keeps 今日 alive: one event stream, and an honest word about how old the figures are.
// Without this script the page is whole and refreshes itself.
(function () {
  'use strict';
  var live = document.getElementById('live');
  var body = document.getElementById('body');
  var strip = document.getElementById('strip');
  if (!live || !body || !strip || !window.EventSource) { return; }

  var WAIT_MS = 7000;     // a heartbeat is due every 5 s
  var LOST_MS = 10000;
  var AGAIN_MS = 3000;
  var PARTS = ['alarm', 'tiles', 'upload', 'devices'];
  var rowsMax = Number(body.getAttribute('data-rows-max'));
  var newest = Number(body.getAttribute('data-newest'));
  var asOf = document.getElementById('as-of').textContent;
  var heard = Date.now();
  var opened = 0;
  var source = null;

  var WORDS = {
    live: ['●', '实时 '],
    waiting: ['◌', '重连中（数据截至 '],
    lost: ['✖', '网页已与考勤盒断开，正在重试；打卡不受影响（数据截至 ']
  };

  function show(state) {
    var words = WORDS[state];
    var text = words[1] + asOf + (state === 'live' ? '' : '）');
    live.querySelector('.live-mark').textContent = words[0];
    live.querySelector('.live-word').textContent = text;
    // Only a change of state is read aloud, not every tick.
    if (live.getAttribute('data-state') !== state) {
      live.setAttribute('data-state', state);
      body.classList.toggle('stale', state !== 'live');
      live.setAttribute('aria-live', 'polite');
    } else {
      live.setAttribute('aria-live', 'off');
    }
  }

  // A new passage goes on top; one that is already there is replaced.
  function putRow(html) {
    var box = document.createElement('ol');
    box.innerHTML = html;
    var row = box.firstElementChild;
    var seq = row ? Number(row.getAttribute('data-seq')) : 0;
    if (!seq) { return; }
    var old = strip.querySelector('[data-seq="' + seq + '"]');
    if (old) { strip.replaceChild(row, old); return; }
    if (seq <= newest) { return; }
    newest = seq;
    var empty = strip.querySelector('.empty');
    if (empty) { strip.removeChild(empty); }
    row.classList.add('fresh');
    strip.insertBefore(row, strip.firstElementChild);
    while (strip.children.length > rowsMax) { strip.removeChild(strip.lastElementChild); }
  }

  function heardFromBox() { heard = Date.now(); }

  function connect() {
    opened = Date.now();
    source = new EventSource('/events?since=' + newest);
    PARTS.forEach(function (id) {
      source.addEventListener(id, function (event) {
        heardFromBox();
        document.getElementById(id).innerHTML = event.data;
      });
    });
    source.addEventListener('row', function (event) {
      heardFromBox();
      putRow(event.data);
    });
    source.addEventListener('hb', function (event) {
      heardFromBox();
      asOf = event.data;
      show('live');
    });
    source.addEventListener('reload', function () { location.reload(); });
    source.addEventListener('logout', function () { location.assign('/login'); });
  }

  // A refused stream ends for good: ask whether the session is over, then try again.
  function again() {
    source.close();
    fetch('/alive', { method: 'POST', credentials: 'same-origin' }).then(function (answer) {
      if (answer.status === 401) { location.assign('/login'); } else { connect(); }
    }, connect);
  }

  setInterval(function () {
    var silent = Date.now() - heard;
    if (silent > LOST_MS) {
      show('lost');
    } else if (silent > WAIT_MS || source.readyState !== EventSource.OPEN) {
      show('waiting');
    }
    var stuck = silent > 2 * LOST_MS && Date.now() - opened > 2 * LOST_MS;
    if (stuck || (source.readyState === EventSource.CLOSED && Date.now() - opened > AGAIN_MS)) {
      opened = Date.now();
      again();
    }
  }, 1000);

  // A person who reads and scrolls is at work: tell the box at most every five minutes.
  var told = Date.now();
  function atWork() {
    if (Date.now() - told < 300000) { return; }
    told = Date.now();
    fetch('/alive', { method: 'POST', credentials: 'same-origin' }).catch(function () {});
  }
  ['pointerdown', 'keydown', 'wheel', 'touchstart'].forEach(function (name) {
    document.addEventListener(name, atWork, { passive: true });
  });

  connect();
})();
