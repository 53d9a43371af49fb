// For browsers that are too old to read the other scripts, so in the oldest form there is: it says so, instead of an empty page.
(function () {
  function look() {
    var said = document.getElementById("not-started");
    if (said && !document.documentElement.getAttribute("data-started")) said.hidden = false;
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", look);
  else look();
})();
