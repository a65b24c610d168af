// A gate's screen: one event stream, the words of the moment, their sound, and an honest word when the
// box is not heard. The box says when words are over; the screen's own timer is for a box that is gone.
(function () {
  'use strict';
  var gate = document.getElementById('gate');
  var scene = document.getElementById('scene');
  var idle = document.getElementById('idle');
  var live = document.getElementById('live');
  var lost = document.getElementById('lost');
  var sound = document.getElementById('sound');
  var LOST_MS = 10000;    // a heartbeat is due every 5 s
  var RELOAD_MS = 30000;
  var heard = Date.now();
  var over = 0;
  var source = null;

  function clear() {
    scene.textContent = '';
    gate.setAttribute('data-tone', 'idle');
  }

  function show(html, fresh) {
    clearTimeout(over);
    scene.innerHTML = html;
    var words = scene.firstElementChild;
    var tone = words ? words.getAttribute('data-tone') : 'idle';
    gate.setAttribute('data-tone', tone);
    var hold = Number(words && words.getAttribute('data-hold'));
    if (hold > 0) { over = setTimeout(clear, hold + 1000); }
    if (fresh) { play(tone); }
  }

  // Told apart without words: rising, low buzz, twice the same, one soft, a siren.
  var TONES = {
    pass: [['sine', 880, 0, .14], ['sine', 1320, .15, .26]],
    deny: [['square', 150, 0, .55]],
    retry: [['triangle', 520, 0, .13], ['triangle', 520, .22, .13]],
    wait: [['sine', 660, 0, .12]],
    evacuate: [['square', 700, 0, .4], ['square', 500, .4, .4], ['square', 700, .8, .4], ['square', 500, 1.2, .4]]
  };
  var Audio = window.AudioContext || window.webkitAudioContext;
  var audio = Audio ? new Audio() : null;

  function play(tone) {
    gate.setAttribute('data-played', TONES[tone] ? tone : '');
    if (!audio || audio.state !== 'running') { return; }
    (TONES[tone] || []).forEach(function (part) {
      var from = audio.currentTime + part[2];
      var wave = audio.createOscillator();
      var gain = audio.createGain();
      wave.type = part[0];
      wave.frequency.value = part[1];
      gain.gain.setValueAtTime(.0001, from);
      gain.gain.exponentialRampToValueAtTime(.6, from + .02);
      gain.gain.setValueAtTime(.6, from + part[3] - .03);
      gain.gain.exponentialRampToValueAtTime(.0001, from + part[3]);
      wave.connect(gain);
      gain.connect(audio.destination);
      wave.start(from);
      wave.stop(from + part[3] + .02);
    });
  }

  // A browser that wants a touch before it makes a sound says so.
  function askForSound() { sound.hidden = !audio || audio.state === 'running'; }
  if (audio) {
    audio.onstatechange = askForSound;
    sound.addEventListener('click', function () { audio.resume().then(askForSound, askForSound); });
    askForSound();
  }

  function alive(time) {
    heard = Date.now();
    lost.hidden = true;
    gate.setAttribute('data-live', 'yes');
    live.textContent = '● 实时' + (time ? ' ' + time : '');
    var clock = document.getElementById('clock');
    if (clock && time) { clock.textContent = time; }
  }

  function connect() {
    source = new EventSource('/gate/' + encodeURIComponent(gate.getAttribute('data-lane')) + '/events');
    source.addEventListener('scene', function (event) { heard = Date.now(); show(event.data, true); });
    source.addEventListener('idle', function (event) { heard = Date.now(); idle.innerHTML = event.data; });
    source.addEventListener('month', function (event) {
      var words = scene.firstElementChild;
      var month = document.getElementById('month');
      if (words && month && words.getAttribute('data-key') === event.lastEventId) { month.textContent = event.data; }
    });
    source.addEventListener('hb', function (event) { alive(event.data); });
  }

  setInterval(function () {
    var silent = Date.now() - heard;
    if (silent <= LOST_MS) { return; }
    gate.setAttribute('data-live', 'no');
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

  document.addEventListener('contextmenu', function (event) { event.preventDefault(); });
  connect();
})();
