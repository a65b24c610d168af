// Fetches what the cameras see again and again, one still after the other, while the page is looked at.
(function () {
  'use strict';
  var PAUSE_MS = 2000;
  Array.prototype.slice.call(document.querySelectorAll('.preview')).forEach(function (figure) {
    var picture = figure.querySelector('img');
    var word = figure.querySelector('.preview-word');
    var address = picture.getAttribute('src');
    function again() {
      window.setTimeout(function () {
        if (document.hidden) { again(); return; }
        picture.src = address + '?at=' + String(Date.now());
      }, PAUSE_MS);
    }
    function shown() {
      picture.hidden = false;
      word.textContent = '';
      figure.dataset.shown = String(Number(figure.dataset.shown || 0) + 1);
      again();
    }
    function missing() {
      picture.hidden = true;
      word.textContent = '✖ 没有画面：请看摄像头的电源、网线和人脸程序';
      again();
    }
    picture.addEventListener('load', shown);
    picture.addEventListener('error', missing);
    if (picture.complete) {
      if (picture.naturalWidth > 0) { shown(); } else { missing(); }
    }
  });
})();
