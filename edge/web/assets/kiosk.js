// What every screen at the gate has: one event stream, an honest word when the box is not heard, and a
// fresh page when it is heard again.
(function () {
  'use strict';
  var LOST_MS = 10000;    // a heartbeat is due every 5 s
  var RELOAD_MS = 30000;

  // `hear` has a function for each event of the stream, `lose` is called as long as nothing is heard.
  function watch(body, path, hear, lose) {
    var live = document.getElementById('live');
    var lost = document.getElementById('lost');
    var heard = Date.now();
    var source = new EventSource(path);

    Object.keys(hear).forEach(function (name) {
      source.addEventListener(name, function (event) {
        heard = Date.now();
        hear[name](event);
      });
    });
    source.addEventListener('hb', function (event) {
      heard = Date.now();
      lost.hidden = true;
      body.setAttribute('data-live', 'yes');
      live.textContent = '● 实时 ' + event.data;
    });

    setInterval(function () {
      var silent = Date.now() - heard;
      if (silent <= LOST_MS) { return; }
      lose();
      body.setAttribute('data-live', 'no');
      live.textContent = '✖ 断开';
      lost.hidden = false;
      if (silent > RELOAD_MS) {
        // A page that loads is worth more than this one; while none loads, this one still says what is so.
        heard = Date.now() - LOST_MS;
        fetch(location.href, { cache: 'no-store' }).then(function (answer) {
          if (answer.ok) { location.reload(); }
        }, function () {});
      }
    }, 1000);
  }

  window.kiosk = { watch: watch };
})();
