// Says at once when a file is too large, and follows an import that is under way. Without this script the
// box says so after the file has come, and the page is refreshed by hand.
(function () {
  'use strict';
  var form = document.getElementById('bring');
  if (form) {
    var field = document.getElementById('file');
    var problem = document.getElementById('too-large');
    var judge = function () {
      var file = field.files && field.files[0];
      problem.hidden = !file || file.size <= Number(form.dataset.bytesMax);
      return problem.hidden;
    };
    field.addEventListener('change', judge);
    form.addEventListener('submit', function (event) {
      if (!judge()) { event.preventDefault(); return; }
      document.getElementById('bring-button').disabled = true;
      document.getElementById('checking').hidden = false;
    });
    window.addEventListener('pageshow', function () {
      document.getElementById('bring-button').disabled = false;
      document.getElementById('checking').hidden = true;
    });
  }

  var PAUSE_MS = 700;
  var progress = document.getElementById('progress');
  function follow() {
    fetch(location.pathname + '?auto=1', { credentials: 'same-origin' }).then(function (answer) {
      if (answer.status === 401) { location.assign('/login'); return; }
      if (!answer.ok) { setTimeout(follow, PAUSE_MS * 5); return; }
      answer.text().then(function (html) {
        progress.innerHTML = html;
        // Nothing to show any more: it is done.
        if (progress.querySelector('progress')) { setTimeout(follow, PAUSE_MS); } else { location.replace(location.pathname); }
      });
    }).catch(function () { setTimeout(follow, PAUSE_MS * 5); });
  }
  if (progress && window.fetch) { setTimeout(follow, PAUSE_MS); }
})();
