// Swagger UI for this server's contract, with the tokens of the selected login.
const theme = document.documentElement.dataset.theme;
const prefersDark = matchMedia("(prefers-color-scheme: dark)").matches;
document.documentElement.classList.toggle("dark-mode", theme ? theme === "dark" : prefersDark);

const container = document.getElementById("swagger");
const login = document.getElementById("login");

let activeSchemes = [];

function callAs(ui) {
  if (!login) return;
  if (activeSchemes.length) ui.authActions.logout(activeSchemes);
  const tokens = Object.entries(login.selectedOptions[0].dataset).filter(([, token]) => token);
  for (const [scheme, token] of tokens) ui.preauthorizeApiKey(scheme, token);
  activeSchemes = tokens.map(([scheme]) => scheme);
}

const ui = SwaggerUIBundle({
  url: container.dataset.url,
  domNode: container,
  deepLinking: true,
  docExpansion: "none",
  validatorUrl: null,
  tryItOutEnabled: true,
  onComplete: () => {
    callAs(ui); // only now: it needs the document's security schemes
    login?.addEventListener("change", () => callAs(ui));
  },
});
