// Time for the example in tests: clocks run twenty times as fast, and an alarm comes a hundred times as often. The service worker has it
// with its configuration, the popup from the driver. The time limit of a request stays as it is.

(function hurry(start) {
  const { now } = Date;
  Date.now = () => Math.round(start + (now() - start) * 20);
  const { setInterval } = globalThis;
  globalThis.setInterval = (work, milliseconds) => setInterval(work, milliseconds / 20);
  const { create } = chrome.alarms;
  chrome.alarms.create = (name, { periodInMinutes }) => create(name, { periodInMinutes: periodInMinutes / 100 });
})(START);
