"""GS1 element strings, Digital Link URIs, QR codes and label sheets: usable without the backend."""
