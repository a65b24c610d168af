// Counts who was ticked off in a roll-call. The ticks stay in this browser.
(function () {
  'use strict';
  var ticks = Array.prototype.slice.call(document.querySelectorAll('.tick'));
  if (ticks.length === 0) { return; }

  function count() {
    var done = ticks.filter(function (tick) { return tick.checked; }).length;
    document.getElementById('ticked-box').hidden = done === 0;
    document.getElementById('ticked').textContent = String(done);
    document.getElementById('missing').textContent = String(ticks.length - done);
  }
  ticks.forEach(function (tick) { tick.addEventListener('change', count); });
  count();
})();
