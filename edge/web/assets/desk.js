// The card reader on the office's desk: while this page is in front, the box tells it of cards. What a card
// says goes into the form and is kept nowhere else; without this script the form is typed.
(function () {
  'use strict';
  var box = document.getElementById('desk-reader');
  if (!box || !window.EventSource) { return; }
  var state = document.getElementById('desk-state');
  var lamp = document.getElementById('desk-lamp');
  var told = document.getElementById('desk-told');
  var again = document.getElementById('desk-again');
  var form = document.getElementById('register');
  // Of somebody else, and not on a card.
  var OTHERS = ['phone', 'contact_name', 'contact_kinship', 'contact_phone', 'contract_on', 'trained_on'];
  var LOST_MS = 12000;    // a heartbeat is due every 5 s
  var heard = 0;
  var source = null;

  var WORDS = {
    ready: form ? '● 把身份证放到读卡器上，下面的表自动填好；也可以手打。' : '● 把身份证放到读卡器上，直接打开他的页。',
    opening: '◌ 正在连接读卡器…',
    taken: '◌ 读卡器正在给另一个页面用。',
    lost: '✖ 网页已与考勤盒断开，正在重试；表可以先手打。'
  };

  function show(word) {
    if (box.getAttribute('data-state') === word) { return; }
    box.setAttribute('data-state', word);
    state.textContent = WORDS[word];
    again.hidden = word !== 'taken';
  }

  function fill() {
    var fields = told.querySelectorAll('[data-field]');
    if (!form || fields.length === 0) { return; }
    var number = told.querySelector('[data-field=number]').getAttribute('data-value');
    if (form.elements.number.value !== '' && form.elements.number.value !== number) {
      OTHERS.forEach(function (name) { form.elements[name].value = ''; });
    }
    Array.prototype.forEach.call(fields, function (one) {
      form.elements[one.getAttribute('data-field')].value = one.getAttribute('data-value');
      one.parentNode.removeChild(one);
    });
    form.elements.team.focus();
  }

  function stop() {
    if (source) { source.close(); source = null; }
  }

  function start() {
    stop();
    show('opening');
    heard = Date.now();
    source = new EventSource(box.getAttribute('data-cards'));
    source.addEventListener('hb', function () { heard = Date.now(); show('ready'); });
    source.addEventListener('card', function (event) {
      told.innerHTML = event.data;
      fill();
    });
    source.addEventListener('go', function (event) { location.assign(event.data); });
    source.addEventListener('lamp', function (event) { lamp.innerHTML = event.data === '-' ? '' : event.data; });
    source.addEventListener('taken', function () { stop(); show('taken'); });
    source.addEventListener('logout', function () { location.assign('/login'); });
  }

  again.querySelector('button').addEventListener('click', start);
  // Who looks at another page does not want this one filled.
  document.addEventListener('visibilitychange', function () {
    if (document.hidden) { stop(); } else { start(); }
  });
  setInterval(function () {
    if (!source || Date.now() - heard < LOST_MS) { return; }
    // A refused stream ends for good; a box that is back answers a new one.
    if (source.readyState === 2) { start(); }
    show('lost');
  }, 2000);
  if (!document.hidden) { start(); }
})();
