"""The ASGI application, for uvicorn or a server of your own."""

import os
import warnings

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")

# WhiteNoise's answers are small files; Django reads them whole before it sends them, and says so.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous")

application = get_asgi_application()

# Not before Django is ready. Each process that serves pages carries out operations too.
from console.operations.runner import Runner  # noqa: E402
from console.systems import all_systems  # noqa: E402

all_systems()  # A mistake in their description stops the start under any server.
Runner().start()
