// Swagger UI on this server's own contract, calling as the chosen login of the fixtures.
const theme = document.documentElement.dataset.theme;
const prefersDark = matchMedia("(prefers-color-scheme: dark)").matches;
document.documentElement.classList.toggle("dark-mode", theme ? theme === "dark" : prefersDark);

const place = document.getElementById("swagger");
const login = document.getElementById("login");

let actsAsAccount = false;

function callAs(ui) {
  if (!login) return;
  const { bearerAuth, accountToken } = login.selectedOptions[0].dataset;
  if (actsAsAccount) ui.authActions.logout(["accountToken"]);
  ui.preauthorizeApiKey("bearerAuth", bearerAuth);
  actsAsAccount = accountToken !== "";
  if (actsAsAccount) ui.preauthorizeApiKey("accountToken", accountToken);
}

const ui = SwaggerUIBundle({
  url: place.dataset.url,
  domNode: place,
  deepLinking: true,
  docExpansion: "none",
  validatorUrl: null,
  tryItOutEnabled: true,
  onComplete: () => callAs(ui),
});
login?.addEventListener("change", () => callAs(ui));
