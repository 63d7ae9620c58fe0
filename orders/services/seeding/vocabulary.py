"""Names, addresses and articles of made-up orders."""

from random import Random

from orders.address import Address
from orders.services.seeding.rows import Row

FIRST = (
    *("Ada", "Amir", "Anna", "Björn", "Carla", "Chen", "Dana", "Diego", "Elif", "Emma", "Farid", "Fiona", "Grace"),
    *("Hana", "Hugo", "Ines", "Ivan", "Jack", "Jana", "John", "Kofi", "Lena", "Liam", "Lucía", "Maja", "Marek"),
    *("Mei", "Nadia", "Noah", "Nora", "Olga", "Omar", "Paul", "Priya", "Rosa", "Ruth", "Sam", "Sofia", "Tariq", "Yuki"),
)
# Family names are composed of two parts: 1,200 of them, so that a name finds a few orders, not thousands.
FRONT = (
    *("Ald", "Ash", "Bar", "Beck", "Black", "Bright", "Brook", "Carl", "Clay", "Cold", "Cran", "Dal", "East", "Eld"),
    *("Fair", "Fern", "Gold", "Green", "Hart", "Haw", "Hay", "High", "Holl", "Kirk", "Lang", "Lind", "Mar", "Mill"),
    *("Nor", "Oak", "Pem", "Rock", "Rose", "Ross", "Stan", "Stone", "Thorn", "Wake", "West", "Wood"),
)
BACK = (
    *("berg", "borough", "bourne", "bridge", "by", "combe", "croft", "dale", "den", "don", "feld", "field", "ford"),
    *("gate", "ham", "hill", "hurst", "ing", "land", "ley", "man", "mere", "more", "shaw", "son", "stead", "stone"),
    *("thwaite", "ton", "wick"),
)
STREETS = ("Harbour Road", "Main St", "Mill Lane", "Station Road", "Oak Avenue", "Church Street", "Market Square")
# City, state, postal code (to which a number is appended), country and currency.
PLACES = (
    ("Springfield", "OR", "974", "US", "USD"),
    ("Anytown", "CA", "900", "US", "USD"),
    ("Halifax", "NS", "B3H ", "CA", "USD"),
    ("Leeds", "", "LS1 ", "GB", "GBP"),
    ("Cork", "", "T12 ", "IE", "EUR"),
    ("Berlin", "", "101", "DE", "EUR"),
    ("Lyon", "", "690", "FR", "EUR"),
    ("Sevilla", "", "410", "ES", "EUR"),
)
ARTICLES = ("Lamp", "Chair", "Kettle", "Notebook", "Blanket", "Bicycle bell", "Tea cup", "Umbrella", "Clock", "Vase")
ARTICLE_NUMBERS = 2000


def customer(rng: Random) -> tuple[str, str]:
    """A name and e-mail address; a person may order more than once."""
    first, family = rng.choice(FIRST), rng.choice(FRONT) + rng.choice(BACK)
    plain = f"{first}.{family}{rng.randrange(200)}".lower().replace("ö", "o").replace("í", "i")
    return f"{first} {family}", f"{plain}@example.com"


def place(rng: Random) -> tuple[Address, str]:
    """An address, and its currency."""
    city, state, postal_code, country, currency = rng.choice(PLACES)
    street = f"{rng.randrange(1, 200)} {rng.choice(STREETS)}"
    postal_code = f"{postal_code}{rng.randrange(10, 100)}"
    return Address(street=street, city=city, state=state, postal_code=postal_code, country=country), currency


def items(rng: Random, order: Row) -> list[Row]:
    """One to four order lines; most orders have one or two."""
    return [_item(rng, order, position) for position in range(1, rng.choice((1, 1, 1, 2, 2, 3, 4)) + 1)]


def _item(rng: Random, order: Row, position: int) -> Row:
    number = rng.randrange(ARTICLE_NUMBERS)
    return Row(
        order_id=order.id,
        position=position,
        sku=f"{ARTICLES[number % len(ARTICLES)][:3].upper()}-{number:04d}",
        name=ARTICLES[number % len(ARTICLES)],
        quantity=rng.choice((1, 1, 1, 1, 2, 3)),
        unit_price=399 + 100 * (number % 150),
    )
