// A gate's screen: the words of the moment, their tone, and what is said aloud. The box says when words
// are over; the screen's own timer is for a box that is gone.
(function () {
  'use strict';
  var gate = document.getElementById('gate');
  var scene = document.getElementById('scene');
  var idle = document.getElementById('idle');
  var sound = document.getElementById('sound');
  var lane = encodeURIComponent(gate.getAttribute('data-lane'));
  var over = 0;

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
    if (fresh) { speak(words, play(tone)); }
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
    if (!audio || audio.state !== 'running') { return 0; }
    return (TONES[tone] || []).reduce(function (end, part) {
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
      return Math.max(end, part[2] + part[3]);
    }, 0);
  }

  // The words follow the tone: the name, where the box can say it in time, then the line. The newest
  // words cut off what is still said.
  var NAME_MS = 900;
  var lines = {};
  var speaking = [];
  var turn = 0;

  function fetched(path) {
    return fetch(path, { credentials: 'same-origin' }).then(function (answer) {
      return answer.ok ? answer.arrayBuffer() : null;
    }).then(function (bytes) { return bytes && audio.decodeAudioData(bytes); });
  }

  // Without a sound the words still stand on the screen, so a failure is silence and the next try.
  function line(words) {
    lines[words] = lines[words] || fetched('/voice/' + encodeURIComponent(words)).catch(function () { return null; });
    return lines[words].then(function (made) {
      if (!made) { delete lines[words]; }
      return made;
    });
  }

  function name(number) {
    if (!number) { return null; }
    var late = new Promise(function (done) { setTimeout(done, NAME_MS, null); });
    return Promise.race([late, fetched('/gate/' + lane + '/voice/' + number).catch(function () { return null; })]);
  }

  function speak(words, after) {
    turn += 1;
    speaking.forEach(function (one) { one.stop(); });
    speaking = [];
    var said = words && words.getAttribute('data-line');
    if (!said || !audio || audio.state !== 'running') { return; }
    var mine = turn;
    var begin = audio.currentTime + after;
    Promise.all([name(words.getAttribute('data-name')), line(said)]).then(function (parts) {
      if (mine !== turn) { return; }
      var at = Math.max(begin, audio.currentTime);
      parts.filter(Boolean).forEach(function (part) {
        var one = audio.createBufferSource();
        one.buffer = part;
        one.connect(audio.destination);
        one.start(at);
        at += part.duration;
        speaking.push(one);
      });
      gate.setAttribute('data-spoken', (parts[0] ? '姓名，' : '') + (parts[1] ? said : ''));
    });
  }

  // A browser that wants a touch before it makes a sound says so.
  function askForSound() { sound.hidden = !audio || audio.state === 'running'; }
  if (audio) {
    audio.onstatechange = askForSound;
    sound.addEventListener('click', function () { audio.resume().then(askForSound, askForSound); });
    askForSound();
  }

  window.kiosk.watch(gate, '/gate/' + lane + '/events', {
    scene: function (event) { show(event.data, true); },
    idle: function (event) { idle.innerHTML = event.data; },
    month: function (event) {
      var words = scene.firstElementChild;
      var month = document.getElementById('month');
      if (words && month && words.getAttribute('data-key') === event.lastEventId) { month.textContent = event.data; }
    },
    hb: function (event) {
      var clock = document.getElementById('clock');
      if (clock) { clock.textContent = event.data; }
    }
  }, function () {});

  document.addEventListener('contextmenu', function (event) { event.preventDefault(); });
})();
