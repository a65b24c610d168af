// The screen beside the reader for the worker's own view. What it shows came by the stream for a card
// that was just read; nothing of it is kept, and it goes by itself even if the box is gone.
(function () {
  'use strict';
  var mine = document.getElementById('mine');
  var view = document.getElementById('view');
  var note = document.getElementById('note');
  var base = '/mine/' + encodeURIComponent(mine.getAttribute('data-lane'));
  var VIEW_S = 30;
  var told = 0;
  var left = 0;
  var noted = 0;

  function close() {
    view.textContent = '';
    left = 0;
    mine.setAttribute('data-open', 'no');
  }

  function send(path, more) {
    var own = document.getElementById('own');
    var body = 'token=' + encodeURIComponent(own ? own.getAttribute('data-token') : '') + (more || '');
    return fetch(base + path, {
      method: 'POST', credentials: 'same-origin', body: body,
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' }
    });
  }

  // Whoever touches the screen reads on; the box decides for how long.
  function stay() {
    if (!left || Date.now() - told < 3000) { return; }
    told = Date.now();
    send('/stay').then(function (answer) {
      if (answer.ok) { left = VIEW_S; } else { close(); }
    }, function () {});
  }

  function pick(input) {
    Array.prototype.forEach.call(view.querySelectorAll('.own-punches'), function (one) {
      one.hidden = one.id !== 'p' + input.value;
    });
    document.getElementById('pick').hidden = true;
  }

  function chosen(name) {
    var input = view.querySelector('input[name=' + name + ']:checked');
    return input ? input.value : '';
  }

  function object(event) {
    event.preventDefault();
    var said = document.getElementById('said');
    var more = '&on=' + encodeURIComponent(chosen('on')) + '&what=' + encodeURIComponent(chosen('what'));
    said.textContent = '正在提交…';
    send('/object', more).then(function (answer) {
      return answer.text().then(function (words) {
        said.textContent = (answer.ok ? '✔ ' : '✖ ') + words;
        if (answer.ok) { left = VIEW_S; }
      });
    }).catch(function () { said.textContent = '✖ 没有提交成功，请再点一次，或找劳资专管员。'; });
  }

  function open(html) {
    note.textContent = '';
    view.innerHTML = html;
    left = VIEW_S;
    mine.setAttribute('data-open', 'yes');
    window.scrollTo(0, 0);
    var own = document.getElementById('own');
    own.addEventListener('submit', object);
    own.addEventListener('change', function (event) {
      if (event.target.name === 'on') { pick(event.target); }
    });
    document.getElementById('shut').addEventListener('click', function () { send('/shut').catch(function () {}); close(); });
  }

  window.kiosk.watch(mine, base + '/events', {
    view: function (event) { open(event.data); },
    close: close,
    note: function (event) {
      note.textContent = event.data;
      noted = Date.now();
    }
  }, close);

  setInterval(function () {
    if (left > 0) {
      left -= 1;
      var shown = document.getElementById('left');
      if (shown) { shown.textContent = String(left); }
      if (left === 0) { close(); }
    }
    if (noted && Date.now() - noted > 6000) { note.textContent = ''; noted = 0; }
  }, 1000);

  ['pointerdown', 'keydown'].forEach(function (name) { document.addEventListener(name, stay, { passive: true }); });
  document.addEventListener('contextmenu', function (event) { event.preventDefault(); });
})();
