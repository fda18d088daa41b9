// The page to try the API: Swagger UI with our own description; requests carry the page's token.

const token = document.querySelector("meta[name=csrf]").content;

window.SwaggerUIBundle({
  domNode: document.getElementById("api"),
  url: document.getElementById("api").dataset.openapi,
  validatorUrl: null,
  defaultModelsExpandDepth: 0,
  requestInterceptor(request) {
    request.headers["X-CSRF-Token"] = token;
    return request;
  },
});
