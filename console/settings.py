"""Django's settings, all from the environment; the README has the table."""

from pathlib import Path

from csp.constants import NONE, SELF

from console import env

BASE_DIR = Path(__file__).resolve().parent.parent
#: In a clone, templates and static files lie beside the packages; a wheel carries them inside.
IN_CLONE = (BASE_DIR / "manage.py").exists()

DEBUG = env.truth("CONSOLE_DEBUG")
SECRET_KEY = env.secret_key("CONSOLE_SECRET_KEY")
#: Then no other replica has it.
SECRET_KEY_WAS_MADE = not env.text("CONSOLE_SECRET_KEY")
ALLOWED_HOSTS = env.words("CONSOLE_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("CONSOLE_TRUSTED_ORIGINS")

ROOT_URLCONF = "console.urls"
ASGI_APPLICATION = "console.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
APPEND_SLASH = False

INSTALLED_APPS = [
    "console",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "django_htmx",
    "template_partials",
]
MIDDLEWARE = [
    "console.audit.whence.WhenceMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "console.middleware.HeadersMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "console.logs.AccessMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "console.middleware.ConsoleMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"] if IN_CLONE else [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "console.context.console",
            ],
            "builtins": ["console.templatetags.console", "console.templatetags.acts"],
        },
    }
]

CONSOLE_DATABASE_URL = env.database_url("CONSOLE_DATABASE_URL")
DATABASES = {"default": env.django_database(CONSOLE_DATABASE_URL)}
# The role that owns the tables, where it is another one than writes to them: `migrate` uses it.
if env.text("CONSOLE_OWNER_DATABASE_URL"):
    DATABASES["owner"] = env.django_database(env.database_url("CONSOLE_OWNER_DATABASE_URL"))
# What all replicas count together: attempts to sign in, and codes that were used. A migration made
# the table; expired rows go as others come.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "console_cache",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
}

#: Several system databases, described in TOML; see docs/systems.md. Read by console/systems.py.
CONSOLE_SYSTEMS = env.text("CONSOLE_SYSTEMS")
# Or the one of the DBOS applications that this console shows.
DBOS_SYSTEM_DATABASE_URL = "" if CONSOLE_SYSTEMS else env.database_url("DBOS_SYSTEM_DATABASE_URL")
DBOS_SYSTEM_DATABASE_SCHEMA = env.text("DBOS_SYSTEM_DATABASE_SCHEMA", "dbos")
CONSOLE_SYSTEM_NAME = env.slug("CONSOLE_SYSTEM_NAME", "main")
CONSOLE_STATEMENT_TIMEOUT_MS = env.whole("CONSOLE_STATEMENT_TIMEOUT_MS", 5_000, least=100)
#: Values under keys like these are hidden until somebody who may reveals them; `*` is anything.
CONSOLE_MASKED_KEYS = env.words(
    "CONSOLE_MASKED_KEYS",
    "*password*,*passwd*,pwd,*passphrase*,*secret*,*token*,*api_key*,*access_key*,*private_key*,"
    "*authorization*,*cookie*,*credential*,ssn,*card_number*,cvv",
)
#: Of operations on many runs, after they ended; 0 is for ever.
CONSOLE_KEEP_RESULTS_DAYS = env.whole("CONSOLE_KEEP_RESULTS_DAYS", 90, most=36_500)
#: Proxies of one's own between the clients and the console; each adds to `X-Forwarded-For`.
CONSOLE_TRUSTED_PROXIES = env.whole("CONSOLE_TRUSTED_PROXIES", 0, most=16)
CONSOLE_HOST = env.text("CONSOLE_HOST", "127.0.0.1")
#: 0 takes one that is free, and says so.
PORT = env.whole("PORT", 8000, most=65_535)
#: Between the signal to stop and the end: so long whoever balances the load has to notice.
CONSOLE_DRAIN_SECONDS = env.whole("CONSOLE_DRAIN_SECONDS", 0, most=3_600)
#: Or by `manage.py migrate`, in a step of its own before the start.
CONSOLE_MIGRATE = env.truth("CONSOLE_MIGRATE", default=True)

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "account_login"
AUTHENTICATION_BACKENDS = ["console.accounts.sign_in.Backend"]

#: Who must have a second factor.
CONSOLE_REQUIRE_MFA = env.choice(
    "CONSOLE_REQUIRE_MFA", "nobody", ("nobody", "administrators", "everybody")
)
# A working day, so that nobody's session of yesterday is open today; and a lunch does not end it.
CONSOLE_SESSION_HOURS = env.whole("CONSOLE_SESSION_HOURS", 12, least=1, most=24 * 90)
CONSOLE_SESSION_IDLE_MINUTES = env.whole("CONSOLE_SESSION_IDLE_MINUTES", 120, least=1)
CONSOLE_PASSWORD_SIGN_IN = env.truth("CONSOLE_PASSWORD_SIGN_IN", default=True)

# Sign-in through a provider of OpenID Connect; without an issuer there is none.
CONSOLE_OIDC_ISSUER = env.text("CONSOLE_OIDC_ISSUER")
CONSOLE_OIDC_CLIENT_ID = env.text("CONSOLE_OIDC_CLIENT_ID")
CONSOLE_OIDC_CLIENT_SECRET = env.text("CONSOLE_OIDC_CLIENT_SECRET")
CONSOLE_OIDC_NAME = env.text("CONSOLE_OIDC_NAME", "single sign-on")
CONSOLE_OIDC_SCOPES = env.words("CONSOLE_OIDC_SCOPES", "openid,profile,email")
CONSOLE_OIDC_CREATE = env.truth("CONSOLE_OIDC_CREATE")
CONSOLE_OIDC_EMAIL_DOMAINS = env.words("CONSOLE_OIDC_EMAIL_DOMAINS")
CONSOLE_OIDC_GROUPS_CLAIM = env.text("CONSOLE_OIDC_GROUPS_CLAIM", "groups")
CONSOLE_OIDC_ALLOWED_GROUPS = env.words("CONSOLE_OIDC_ALLOWED_GROUPS")
CONSOLE_OIDC_GROUPS = env.pairs("CONSOLE_OIDC_GROUPS")

ACCOUNT_ADAPTER = "console.accounts.sign_in.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 15 * 60
# Of an address, and of an account: a guess costs more the longer one guesses.
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key,20/1h/key"}
ACCOUNT_FORMS = {
    "login": "console.accounts.forms.LoginForm",
    "change_password": "console.accounts.forms.PasswordForm",
    "reauthenticate": "console.accounts.forms.ConfirmForm",
}
MFA_ADAPTER = "console.accounts.sign_in.FactorAdapter"
MFA_FORMS = {
    "authenticate": "console.accounts.forms.CodeForm",
    "reauthenticate": "console.accounts.forms.ConfirmCodeForm",
    "activate_totp": "console.accounts.forms.AppForm",
    "add_webauthn": "console.accounts.forms.PasskeyForm",
    "edit_webauthn": "console.accounts.forms.PasskeyNameForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "DBOS Console"
MFA_ALLOW_UNVERIFIED_EMAIL = True
SOCIALACCOUNT_ADAPTER = "console.accounts.oidc.ProviderAdapter"
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"

# Behind a proxy that ends TLS, CONSOLE_HTTPS=1 keeps the cookies on encrypted connections.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS = env.truth("CONSOLE_HTTPS")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_SSL_REDIRECT = HTTPS
# Whoever asks from inside asks without TLS.
SECURE_REDIRECT_EXEMPT = ["^healthz$", "^readyz$"]
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if HTTPS else 0
SILENCED_SYSTEM_CHECKS = [
    "security.W005",  # Other hosts of the domain are not the console's to speak for,
    "security.W021",  # nor are the lists in browsers.
    # Each of these is said by console.W003, with what to do about it.
    "security.W004",
    "security.W008",
    "security.W012",
    "security.W016",
]
# With this prefix browsers take them from this host alone, encrypted, and for all of it.
SESSION_COOKIE_NAME = f"{'__Host-' if HTTPS else ''}console_session"
CSRF_COOKIE_NAME = f"{'__Host-' if HTTPS else ''}console_csrf"
SESSION_ENGINE = "console.accounts.sessions"
SESSION_COOKIE_AGE = CONSOLE_SESSION_HOURS * 60 * 60
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "console.views.errors.csrf_failure"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"] if IN_CLONE else []
# Served from where they lie: a handful of small files, revalidated by the browser.
WHITENOISE_USE_FINDERS = True
WHITENOISE_ALLOW_ALL_ORIGINS = False

TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

# 5 MB of arguments are fine, which a browser may spell with three times as many bytes; the fields
# themselves say what is too large.
DATA_UPLOAD_MAX_MEMORY_SIZE = 20 * 2**20
# As many runs may be selected one by one, and then some.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000

CONSOLE_LOG_FORMAT = env.choice("CONSOLE_LOG_FORMAT", "line", ("line", "json"))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "of_request": {"()": "console.logs.OfRequest"},
        "not_quiet": {"()": "console.logs.NotQuiet"},
    },
    "formatters": {
        "line": {
            "format": "{asctime} {levelname} {name}: {message}",
            "style": "{",
        },
        "json": {"()": "console.logs.JsonLine"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": CONSOLE_LOG_FORMAT,
            "filters": ["of_request", "not_quiet"],
        }
    },
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        # Says at every start of a pool, and at every reconnection, what pages say already.
        "psycopg.pool": {"level": "ERROR"},
        "django.request": {"level": "ERROR"},
        "console.access": {"level": "INFO" if env.truth("CONSOLE_ACCESS_LOG") else "WARNING"},
    },
}
