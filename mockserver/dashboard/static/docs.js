// Swagger UI on this server's own contract, calling as the chosen login of the fixtures.
const theme = document.documentElement.dataset.theme;
const prefersDark = matchMedia("(prefers-color-scheme: dark)").matches;
document.documentElement.classList.toggle("dark-mode", theme ? theme === "dark" : prefersDark);

const place = document.getElementById("swagger");
const login = document.getElementById("login");

let given = [];

function callAs(ui) {
  if (!login) return;
  if (given.length) ui.authActions.logout(given);
  const tokens = Object.entries(login.selectedOptions[0].dataset).filter(([, token]) => token);
  for (const [scheme, token] of tokens) ui.preauthorizeApiKey(scheme, token);
  given = tokens.map(([scheme]) => scheme);
}

const ui = SwaggerUIBundle({
  url: place.dataset.url,
  domNode: place,
  deepLinking: true,
  docExpansion: "none",
  validatorUrl: null,
  tryItOutEnabled: true,
  onComplete: () => {
    callAs(ui); // not before: it needs the document's security schemes
    login?.addEventListener("change", () => callAs(ui));
  },
});
