// The theme and the clipboard, which HTML and htmx cannot do. Works on swapped-in content too.
const dark = matchMedia("(prefers-color-scheme: dark)");
const root = document.documentElement;
const theme = document.getElementById("theme");
const message = document.getElementById("message");

function isDark() {
  return (root.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";
}

function showThemeName() {
  theme.textContent = isDark() ? "Light" : "Dark";
  theme.hidden = false;
}

theme.addEventListener("click", () => {
  root.dataset.theme = isDark() ? "light" : "dark";
  localStorage.setItem("theme", root.dataset.theme);
  showThemeName();
});
dark.addEventListener("change", showThemeName);
showThemeName();

function showCopyButtons() {
  for (const button of document.querySelectorAll("button.copy[hidden]")) button.hidden = false;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button.copy");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  message.textContent = "Copied.";
  setTimeout(() => (message.textContent = ""), 2000);
});
document.addEventListener("htmx:after:swap", showCopyButtons);
showCopyButtons();
