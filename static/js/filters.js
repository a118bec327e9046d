// A form with data-filters leaves its empty fields out, so that the URL says only what is filtered.
for (const form of document.querySelectorAll("form[data-filters]")) {
  form.addEventListener("formdata", ({ formData }) => {
    for (const [name, value] of [...formData]) if (!value) formData.delete(name);
  });
}
