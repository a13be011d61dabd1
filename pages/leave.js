(() => {
  const leave = () => location.replace(document.getElementById("next").href);
  addEventListener("load", leave);
  setTimeout(leave, 5000);
})();
