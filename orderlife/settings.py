"""Every setting, from the environment. `.env.example` lists the variables; durations are in seconds."""

from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

from csp.constants import NONE, SELF

from orderlife.database import CONNECTION
from orderlife.environment import (
    BASE_DIR,
    DATA_DIR,
    MIN_SECRET_BYTES,
    amounts,
    carrier,
    currency_in_use,
    gateway,
    keys,
    load,
    logging_settings,
    mail_settings,
    one_of,
    required,
    webhook_secrets,
)

env = load()

# --- Django -----------------------------------------------------------------------------------------------------------
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = required(env, "SECRET_KEY", "run `make up`, or put a long random SECRET_KEY into .env.")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost"])
PUBLIC_URL = env.str("PUBLIC_URL", default="http://127.0.0.1:8000").rstrip("/")
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[PUBLIC_URL])

ROOT_URLCONF = "orderlife.urls"
WSGI_APPLICATION = "orderlife.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "orderlife.apps.OrderlifeAdmin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "axes",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "django_htmx",
    "csp",
    "ninja",
    "orders",
    "workflows",
]
MIDDLEWARE = [
    "orders.head_requests.HeadMiddleware",
    "orders.api.middleware.ProblemsMiddleware",
    "orders.api.health.HealthMiddleware",
    "orders.api.middleware.PlainBodyMiddleware",
    "orders.tracking.middleware.CustomersPagesMiddleware",
    "orders.bodies.BodiesMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "orders.request_text.StorableTextMiddleware",
    "axes.middleware.AxesMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- PostgreSQL -------------------------------------------------------------------------------------------------------
required(env, "DATABASE_URL", "run `make up` in another terminal, or point DATABASE_URL at a PostgreSQL.")
_database = env.db_url("DATABASE_URL")
DATABASES = {
    "default": {
        **_database,
        "OPTIONS": {**CONNECTION, **_database.get("OPTIONS", {})},
        # Connections live as long as their thread; a broken one is detected before it is used again.
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
    }
}

# Seconds that a request waits for a lock, and for a statement, before it is answered 503; 0: no limit. They apply to
# the web server only (`orderlife/web.py`).
WEB_LOCK_TIMEOUT = env.float("WEB_LOCK_TIMEOUT", default=2)
WEB_STATEMENT_TIMEOUT = env.float("WEB_STATEMENT_TIMEOUT", default=15)
WEB_PROCESSES = env.int("WEB_PROCESSES", default=0)  # 0: one for each usable core, at most eight

# Whether `manage.py seed_orders` may fill this database with made-up orders.
SEED_ORDERS = env.bool("SEED_ORDERS", default=False)

# --- Temporal ---------------------------------------------------------------------------------------------------------
TEMPORAL_ADDRESS = env.str("TEMPORAL_ADDRESS", default="127.0.0.1:7233")
TEMPORAL_NAMESPACE = env.str("TEMPORAL_NAMESPACE", default="default")
TEMPORAL_UI_URL = env.str("TEMPORAL_UI_URL", default="")
# The sandbox finds nondeterminism and costs 20 to 30 ms of CPU an order: on in tests, off in production.
WORKFLOW_SANDBOX = env.bool("WORKFLOW_SANDBOX", default=False)
WORKER_THREADS = env.int("WORKER_THREADS", default=16)
# The class through which the admin asks about running workflows; "": none.
WORKFLOW_MONITOR = "workflows.temporal_status.TemporalMonitor"
# The bearer token that opens /metrics; if it is empty, there is no such page.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
# Seconds between two rounds of the reconciler (0: never), and seconds without progress after which it checks an order.
RECONCILE_INTERVAL = env.float("RECONCILE_INTERVAL", default=60)
STUCK_AFTER = env.float("STUCK_AFTER", default=300)

# --- Anchors of events: signed outside the database, so that its owner cannot change what happened --------------------
# The first key signs, all of them verify: to rotate, put a new key in front. Without a key, nothing is anchored.
EVENT_ANCHOR_KEY = keys(env, "EVENT_ANCHOR_KEY", default=None, min_bytes=MIN_SECRET_BYTES)
# The file that they are appended to.
EVENT_ANCHORS = Path(env.str("EVENT_ANCHORS", default=str(DATA_DIR / "event-anchors.jsonl")))
# Seconds between two runs of the order worker; 0: never.
EVENT_ANCHOR_INTERVAL = env.float("EVENT_ANCHOR_INTERVAL", default=300)

# --- The lifecycle's timings, in seconds ------------------------------------------------------------------------------
MANUAL_REVIEW_TIMEOUT = env.float("MANUAL_REVIEW_TIMEOUT", default=3)
PAYMENT_PROCESSING_DELAY = env.float("PAYMENT_PROCESSING_DELAY", default=2)
SHIPPING_DELAY = env.float("SHIPPING_DELAY", default=2)
PAYMENT_RETRY_WINDOW = env.float("PAYMENT_RETRY_WINDOW", default=24 * 3600)
# The same for an order that is paid by bank transfer.
BANK_TRANSFER_WINDOW = env.float("BANK_TRANSFER_WINDOW", default=14 * 24 * 3600)
# Where customers send bank transfers, as the pages and mails say it; empty: they are not accepted.
BANK_ACCOUNT = env.str("BANK_ACCOUNT", default="")
# When an authorised payment is captured: `immediate`, or `on_shipment`: when the order is packed, before its hand-over.
PAYMENT_CAPTURE = one_of(env, "PAYMENT_CAPTURE", ("immediate", "on_shipment"))
# A held order without an event for this long is shown on the dashboard.
HELD_TOO_LONG = env.float("HELD_TOO_LONG", default=24 * 3600)
DELIVERY_DEADLINE = env.float("DELIVERY_DEADLINE", default=14 * 24 * 3600)
# The time after delivery to request a return, then to decide on it, then for its parcel to arrive.
RETURN_WINDOW = env.float("RETURN_WINDOW", default=30 * 24 * 3600)
RETURN_DECISION_WINDOW = env.float("RETURN_DECISION_WINDOW", default=3 * 24 * 3600)
RETURN_ARRIVAL_WINDOW = env.float("RETURN_ARRIVAL_WINDOW", default=30 * 24 * 3600)
# The return address, in one line.
RETURN_ADDRESS = env.str("RETURN_ADDRESS", default="")

# --- What an order may be ---------------------------------------------------------------------------------------------
DEFAULT_COUNTRY = env.str("DEFAULT_COUNTRY", default="US")
DEFAULT_CURRENCY = currency_in_use("DEFAULT_CURRENCY", env.str("DEFAULT_CURRENCY", default="USD"))
COUNTRIES_SERVED = env.list("COUNTRIES_SERVED", default=["US", "CA", "GB", "IE", "DE", "AT", "CH", "FR", "ES", "NL"])
MAX_QUANTITY = env.int("MAX_QUANTITY", default=100)

# How much of one order one person may refund, in major units of its currency; more needs a second person's approval. An
# amount without a currency applies to all others. Empty: no limit.
REFUND_APPROVAL_LIMIT = amounts(env, "REFUND_APPROVAL_LIMIT", default="500")

# --- What makes a person review an order, instead of the timer --------------------------------------------------------
# Totals above which an order, and a customer's first order, is reviewed by a person; in the format of
# REFUND_APPROVAL_LIMIT.
REVIEW_TOTAL_LIMIT = amounts(env, "REVIEW_TOTAL_LIMIT", default="1000,JPY:150000")
REVIEW_FIRST_ORDER_LIMIT = amounts(env, "REVIEW_FIRST_ORDER_LIMIT", default="")
# How many orders from one e-mail address, and to one postal address, are allowed within the window; 0: any number.
REVIEW_ORDERS_PER_EMAIL = env.int("REVIEW_ORDERS_PER_EMAIL", default=0)
REVIEW_ORDERS_PER_ADDRESS = env.int("REVIEW_ORDERS_PER_ADDRESS", default=0)
REVIEW_WINDOW = env.float("REVIEW_WINDOW", default=3600)
# Countries whose orders need no review by a person; empty: all that are served.
REVIEW_USUAL_COUNTRIES = env.list("REVIEW_USUAL_COUNTRIES", default=[])
# Whether an order to a country other than those of the customer's earlier orders is reviewed by a person.
REVIEW_COUNTRY_HISTORY = env.bool("REVIEW_COUNTRY_HISTORY", default=False)

# Who fulfils orders; "simulated" steps follow each other automatically.
FULFILMENT = one_of(env, "FULFILMENT", ("simulated", "manual"))

# --- Outside systems --------------------------------------------------------------------------------------------------
# Simulated ones are refused where PUBLIC_URL is https, unless this is true.
ALLOW_SIMULATED = env.bool("ALLOW_SIMULATED", default=False)
PAYMENT_GATEWAY = gateway(env, "PAYMENT_GATEWAY", public_url=PUBLIC_URL, allow_simulated=ALLOW_SIMULATED)
# Where `manage.py run_simulated_gateway` serves, for PAYMENT_GATEWAY=simulated_http.
PAYMENT_GATEWAY_URL = env.str("PAYMENT_GATEWAY_URL", default="http://127.0.0.1:8100")
# A restricted key of a Stripe account, for PAYMENT_GATEWAY=stripe and for payments begun with it.
STRIPE_API_KEY = env.str("STRIPE_API_KEY", default="")
# Seconds between two comparisons of our payments with the gateways'; 0: none.
RECONCILE_PAYMENTS_INTERVAL = env.float("RECONCILE_PAYMENTS_INTERVAL", default=24 * 3600)
# Another address than Stripe's own, for tests.
STRIPE_API_BASE = env.str("STRIPE_API_BASE", default="")
CARRIER = carrier(env, fulfilment=FULFILMENT, public_url=PUBLIC_URL, allow_simulated=ALLOW_SIMULATED)
# The label service that CARRIER=webhook asks, and the secret that its calls are signed with (whsec_...).
CARRIER_WEBHOOK_URL = env.str("CARRIER_WEBHOOK_URL", default="")
CARRIER_WEBHOOK_SECRET = env.str("CARRIER_WEBHOOK_SECRET", default="")
GATEWAY_TIMEOUT = env.float("GATEWAY_TIMEOUT", default=5)
SIMULATED_DIR = Path(env.str("SIMULATED_DIR", default=str(DATA_DIR / "simulated")))

# --- Mails ------------------------------------------------------------------------------------------------------------
# EMAIL_URL or EMAIL_BACKEND says how they are sent; without both, there are none.
MAILS = False
vars().update(mail_settings(env))
# Settings of a provider used through anymail, as JSON.
ANYMAIL = env.json("ANYMAIL", default={})
EMAIL_TIMEOUT = 8
DEFAULT_FROM_EMAIL = env.str("MAIL_FROM", default="Orderlife <orders@localhost>")
# How long an order is in review before the customer is told of the delay; 0: never.
REVIEW_MAIL_AFTER = env.float("REVIEW_MAIL_AFTER", default=24 * 3600)

# --- The interfaces -------------------------------------------------------------------------------------------
# The first key signs customers' links, all of them verify: to rotate, put a new key in front.
TRACKING_KEYS = keys(env, "TRACKING_KEYS", default=f"tracking:{SECRET_KEY}")
# The most requests of an API client per minute; 0: unlimited.
RATE_LIMIT = env.int("RATE_LIMIT", default=60000)
# The most forms of the customer's pages that one client address may submit in ten minutes; 0: unlimited.
TRACKING_RATE_LIMIT = env.int("TRACKING_RATE_LIMIT", default=60)
# Networks of proxies whose X-Forwarded-For is trusted.
TRUSTED_PROXIES = [ip_network(name) for name in env.list("TRUSTED_PROXIES", default=[])]
# Webhook senders: carriers/CODE=whsec_... and payments/NAME=whsec_...; two for one sender during rotation.
WEBHOOK_SECRETS = webhook_secrets(env, "WEBHOOK_SECRETS")
# The first key derives the secrets of shops' webhook endpoints, all of them sign: to rotate, put a new key in front.
WEBHOOK_KEYS = keys(env, "WEBHOOK_KEYS", default=f"webhooks:{SECRET_KEY}")
# Whether webhooks may go to private addresses and without TLS: for development only.
WEBHOOK_ALLOW_PRIVATE = env.bool("WEBHOOK_ALLOW_PRIVATE", default=False)
LOGIN_URL = "admin:login"
# Where a login redirects if `next` is not a page of this site.
LOGIN_REDIRECT_URL = "admin:index"
# Whether staff need a second factor to log in; those without one set it up then.
ADMIN_TWO_FACTOR = env.bool("ADMIN_TWO_FACTOR", default=False)
OTP_TOTP_ISSUER = "Orderlife"
# A guessed staff password can refund money. Length matters most; the other validators are Django's.
_VALIDATION = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"{_VALIDATION}.UserAttributeSimilarityValidator"},
    {"NAME": f"{_VALIDATION}.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": f"{_VALIDATION}.CommonPasswordValidator"},
    {"NAME": f"{_VALIDATION}.NumericPasswordValidator"},
]
# After this many failed logins for one name from one address, it is locked out for this long, in all web processes.
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AXES_FAILURE_LIMIT = env.int("LOGIN_ATTEMPTS", default=10)
AXES_COOLOFF_TIME = timedelta(seconds=env.float("LOGIN_LOCKOUT", default=900))
# In addition, the most failed logins from one address within that time, for any names; 0: unlimited.
LOGIN_ATTEMPTS_BY_ADDRESS = env.int("LOGIN_ATTEMPTS_BY_ADDRESS", default=30)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "orders.client_address.client_address"
AXES_LOCKOUT_CALLABLE = "orders.admin.people.sign_in.locked_out"
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_ENABLE_ADMIN = False
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = False
STATIC_URL = "/static/"
# Static files are served from where they are; the directory is for `collectstatic` with a separate web server.
STATIC_ROOT = env.str("STATIC_ROOT", default="") or None
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_TLS_PROXY", default=False) else None
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PUBLIC_URL.startswith("https://")
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024  # `orders/bodies.py` has the limits, which are lower for most paths
FILE_UPLOAD_HANDLERS = ["orders.bodies.NoUploads"]

# --- Language and time ------------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
# Languages of the customer's pages and e-mails; the admin and the API are in English.
LANGUAGES = [("en", "English"), ("de", "Deutsch"), ("es", "Español"), ("fr", "Français")]
LOCALE_PATHS = [BASE_DIR / "locale" / "pages", BASE_DIR / "locale" / "mails"]
TIME_ZONE = env.str("TIME_ZONE", default="UTC")
USE_TZ = True
USE_I18N = True

# --- Logging ----------------------------------------------------------------------------------------------------------
LOGGING = logging_settings(env)

DJANGO_TEMPORALIO = {
    "INTERCEPTORS": (
        "workflows.interceptors.BoundedAttemptsInterceptor",
        "workflows.interceptors.ConnectionIsolationInterceptor",
        "django_temporalio.logs.ActivityFailureLoggingInterceptor",
    ),
}
