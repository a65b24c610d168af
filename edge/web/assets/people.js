// Finds people while the clerk types. Without this script the form's button does the same.
(function () {
  'use strict';
  var form = document.getElementById('finder');
  var field = document.getElementById('q');
  var list = document.getElementById('list');
  if (!form || !window.fetch || !window.AbortController) { return; }

  var PAUSE_MS = 150;
  var timer = 0;
  var running = null;

  function address() {
    return '/people?' + new URLSearchParams(new FormData(form)).toString();
  }

  function find() {
    if (running) { running.abort(); }
    var mine = new AbortController();
    running = mine;
    fetch(address() + '&part=1', { credentials: 'same-origin', signal: mine.signal }).then(function (answer) {
      if (answer.status === 401) { location.assign('/login'); return null; }
      return answer.ok ? answer.text() : null;
    }).then(function (html) {
      if (html === null || running !== mine) { return; }
      list.innerHTML = html;
      history.replaceState(null, '', address());
    }).catch(function () {});
  }

  field.addEventListener('input', function () {
    // Who types looks among everybody.
    if (field.value.trim() !== '') { document.getElementById('place').value = 'all'; }
    clearTimeout(timer);
    timer = setTimeout(find, PAUSE_MS);
  });
  ['team', 'place'].forEach(function (id) {
    document.getElementById(id).addEventListener('change', find);
  });
  form.addEventListener('submit', function (event) { event.preventDefault(); find(); });
  document.addEventListener('keydown', function (event) {
    var typing = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName);
    if (event.key === '/' && !typing) { event.preventDefault(); field.focus(); }
  });
})();
