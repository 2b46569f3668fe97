// What HTML and htmx can't do: the theme, the clipboard. It works on what is swapped in, too.
const dark = matchMedia("(prefers-color-scheme: dark)");
const root = document.documentElement;
const theme = document.getElementById("theme");
const said = document.getElementById("said");

function isDark() {
  return (root.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";
}

function nameTheme() {
  theme.textContent = isDark() ? "Light" : "Dark";
  theme.hidden = false;
}

theme.addEventListener("click", () => {
  root.dataset.theme = isDark() ? "light" : "dark";
  localStorage.setItem("theme", root.dataset.theme);
  nameTheme();
});
dark.addEventListener("change", nameTheme);
nameTheme();

function showCopyButtons() {
  for (const button of document.querySelectorAll("button.copy[hidden]")) button.hidden = false;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button.copy");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  said.textContent = "Copied.";
  setTimeout(() => (said.textContent = ""), 2000);
});
document.addEventListener("htmx:after:swap", showCopyButtons);
showCopyButtons();
