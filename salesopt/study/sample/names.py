"""The catalogue of the sample firm: its products, markets, channels, customer groups and people."""

from __future__ import annotations

from typing import NamedTuple


class Line(NamedTuple):
    """A product line and the middle of its true behaviour.

    elasticity   : mean price elasticity of the line's products
    lerner       : (price - unit cost) / price today
    promo_effect : rise of log units when a whole month is on promotion, beyond what the lower price does
    growth       : growth of demand a year, in logs
    peak         : calendar month of highest demand
    swing        : half the distance between the best and the worst month, in logs
    """

    name: str
    elasticity: float
    lerner: float
    promo_effect: float
    growth: float
    peak: int
    swing: float


LINES = (
    Line("Orange juice", -1.75, 0.45, 0.30, 0.00, 1, 0.10),
    Line("Apple juice", -2.30, 0.40, 0.35, -0.03, 10, 0.08),
    Line("Cold-pressed", -1.35, 0.52, 0.20, 0.10, 5, 0.14),
    Line("Smoothies", -1.95, 0.46, 0.28, 0.05, 6, 0.18),
    Line("Kids' pouches", -2.80, 0.42, 0.40, -0.01, 9, 0.12),
    Line("Sparkling", -1.00, 0.48, 0.25, 0.04, 7, 0.28),
)

# name, line, price today, units a month in a market of middling size
PRODUCTS = (
    ("Orange juice 0.33 l", 0, 1.49, 2100),
    ("Orange juice 0.75 l", 0, 2.59, 1500),
    ("Orange juice 1 l", 0, 3.19, 2900),
    ("Orange juice 1.75 l", 0, 4.89, 1600),
    ("Orange juice with pulp 1 l", 0, 3.29, 1200),
    ("Organic orange juice 1 l", 0, 4.49, 700),
    ("Blood orange juice 0.75 l", 0, 3.79, 380),
    ("Apple juice 0.33 l", 1, 1.29, 1900),
    ("Apple juice 1 l", 1, 2.49, 2600),
    ("Apple juice 1.75 l", 1, 3.79, 1500),
    ("Apple juice bag-in-box 3 l", 1, 6.49, 420),
    ("Cloudy apple juice 0.75 l", 1, 2.79, 1000),
    ("Organic apple juice 1 l", 1, 3.59, 650),
    ("Apple and pear juice 1 l", 1, 2.89, 800),
    ("Cold-pressed beetroot 0.25 l", 2, 3.99, 300),
    ("Cold-pressed carrot 0.25 l", 2, 3.99, 420),
    ("Cold-pressed celery 0.25 l", 2, 4.29, 240),
    ("Cold-pressed green 0.25 l", 2, 4.29, 520),
    ("Cold-pressed orange 0.25 l", 2, 3.79, 680),
    ("Cold-pressed pomegranate 0.25 l", 2, 4.99, 260),
    ("Ginger shot 60 ml", 2, 2.29, 900),
    ("Banana smoothie 0.25 l", 3, 2.49, 1300),
    ("Berry smoothie 0.25 l", 3, 2.59, 1100),
    ("Berry smoothie 0.75 l", 3, 4.99, 480),
    ("Green smoothie 0.25 l", 3, 2.69, 600),
    ("Mango smoothie 0.25 l", 3, 2.59, 1250),
    ("Mango smoothie 0.75 l", 3, 4.99, 560),
    ("Pineapple smoothie 0.25 l", 3, 2.79, 520),
    ("Kids' apple 6 x 0.2 l", 4, 3.49, 1500),
    ("Kids' berry 6 x 0.2 l", 4, 3.69, 1050),
    ("Kids' multivitamin 6 x 0.2 l", 4, 3.69, 900),
    ("Kids' orange 6 x 0.2 l", 4, 3.49, 1250),
    ("Kids' pear 6 x 0.2 l", 4, 3.49, 500),
    ("Kids' tropical 6 x 0.2 l", 4, 3.69, 640),
    ("Sparkling apple 0.33 l", 5, 1.39, 1700),
    ("Sparkling elderflower 0.33 l", 5, 1.59, 760),
    ("Sparkling ginger 0.33 l", 5, 1.59, 820),
    ("Sparkling grapefruit 0.33 l", 5, 1.49, 980),
    ("Sparkling lemon 0.33 l", 5, 1.39, 1450),
    ("Sparkling rhubarb 0.33 l", 5, 1.59, 540),
)

# Products that take sales from each other: names of both and the cross-price elasticity, the same either way.
SUBSTITUTES = (
    ("Orange juice 1 l", "Orange juice 1.75 l", 0.40),
    ("Orange juice 1 l", "Orange juice with pulp 1 l", 0.50),
    ("Organic orange juice 1 l", "Blood orange juice 0.75 l", 0.25),
    ("Apple juice 1 l", "Apple juice 1.75 l", 0.55),
    ("Apple juice 1 l", "Apple and pear juice 1 l", 0.35),
    ("Cloudy apple juice 0.75 l", "Organic apple juice 1 l", 0.30),
    ("Berry smoothie 0.25 l", "Berry smoothie 0.75 l", 0.35),
    ("Mango smoothie 0.25 l", "Mango smoothie 0.75 l", 0.35),
    ("Berry smoothie 0.25 l", "Mango smoothie 0.25 l", 0.30),
    ("Kids' apple 6 x 0.2 l", "Kids' orange 6 x 0.2 l", 0.60),
    ("Kids' berry 6 x 0.2 l", "Kids' multivitamin 6 x 0.2 l", 0.45),
    ("Sparkling apple 0.33 l", "Sparkling lemon 0.33 l", 0.20),
)

# Products that came later than the first month: name and month of launch, counted from 0.
LAUNCHES = (("Cold-pressed celery 0.25 l", 15), ("Sparkling rhubarb 0.33 l", 18))

# market, region, latitude, longitude, size in logs against the middling market
MARKETS = (
    ("Alder Bay", "North", 41.91, -91.04, 0.05),
    ("Birchwood", "North", 41.24, -91.56, 0.45),
    ("Cedar Falls", "North", 40.81, -91.19, -0.15),
    ("Fairhaven", "North", 41.01, -90.03, -0.30),
    ("Granite City", "North", 41.42, -91.86, -0.25),
    ("Harbor Point", "Lakes", 40.42, -89.36, 0.30),
    ("Kenton", "Lakes", 40.11, -89.84, -0.20),
    ("Lakemont", "Lakes", 39.95, -89.25, 0.70),
    ("Maplewood", "Lakes", 40.38, -88.47, 0.10),
    ("Northport", "Lakes", 40.57, -87.78, -0.25),
    ("Ashford", "East", 39.80, -86.88, 0.30),
    ("Bridgewater", "East", 39.38, -86.20, 0.25),
    ("Clayton", "East", 39.18, -87.40, 0.20),
    ("Dunmore", "East", 39.63, -86.81, -0.20),
    ("Easton", "East", 39.10, -87.88, -0.10),
    ("Millbrook", "South", 39.11, -88.66, 0.20),
    ("Oakdale", "South", 38.50, -88.50, 0.05),
    ("Riverton", "South", 38.65, -90.28, 0.30),
    ("Springvale", "South", 38.39, -89.23, -0.35),
    ("Westbrook", "South", 39.12, -90.06, -0.25),
)
MONTHS = 36
FIRST_MONTH = "2023-10"
LAST_QUARTER = "2026Q3"


class Channel(NamedTuple):
    """A channel's true response, in dollars of sales a month, and how it is used today.

    spend   : spend a month today, in dollars; ceiling, shape and scale are those of the response curve
    carry   : share of the effect that is carried over to the next month
    moves   : standard deviation of log spend from month to month; small where a contract fixes it
    """

    name: str
    kind: str
    spend: float
    ceiling: float
    shape: float
    scale: float
    carry: float
    moves: float


CHANNELS = (
    Channel("Television", "offline", 95_000, 260_000, 1.4, 40_000, 0.60, 0.45),
    Channel("Radio", "offline", 20_000, 120_000, 1.2, 25_000, 0.40, 0.40),
    Channel("Outdoor posters", "offline", 25_000, 130_000, 1.6, 35_000, 0.50, 0.03),
    Channel("In-store tastings", "offline", 40_000, 420_000, 1.3, 60_000, 0.20, 0.35),
    Channel("Search", "online", 25_000, 300_000, 1.2, 40_000, 0.10, 0.40),
    Channel("Social media", "online", 30_000, 150_000, 1.1, 30_000, 0.30, 0.40),
    Channel("Online video", "online", 15_000, 240_000, 1.5, 45_000, 0.30, 0.45),
    Channel("Email and loyalty", "online", 8_000, 60_000, 0.9, 6_000, 0.10, 0.30),
)
CHANNEL_MARGIN = 0.42  # profit per dollar of sales that a channel brings, before its spend


class Group(NamedTuple):
    """A customer group: its part of revenue, its representatives today, its true response to effort.

    none and most are revenue without any effort and at unlimited effort, against today's; shape is the exponent of
    the curve between them; accounts is its part of the accounts and names the words its accounts are called by.
    """

    name: str
    revenue: float
    reps: int
    margin: float
    none: float
    most: float
    shape: float
    accounts: float
    names: tuple[str, ...]


GROUPS = (
    Group("Supermarket chains", 0.38, 9, 0.28, 0.62, 1.09, 1.3, 0.16, ("Supermarket", "Foods", "Superstore")),
    Group("Convenience stores", 0.14, 3, 0.38, 0.50, 1.40, 1.2, 0.22, ("Corner Store", "Express", "Quick Stop")),
    Group("Independent grocers", 0.12, 4, 0.36, 0.55, 1.18, 1.4, 0.18, ("Grocers", "Market", "Pantry")),
    Group("Restaurants and cafés", 0.10, 2, 0.46, 0.40, 1.60, 1.4, 0.20, ("Café", "Bistro", "Kitchen")),
    Group("Hotels", 0.05, 1, 0.44, 0.45, 1.40, 1.5, 0.06, ("Hotel", "Inn", "Lodge")),
    Group("Schools and hospitals", 0.09, 2, 0.33, 0.65, 1.16, 1.3, 0.08, ("School District", "Hospital", "College")),
    Group("Offices and canteens", 0.04, 1, 0.42, 0.35, 1.70, 2.2, 0.06, ("Canteen", "Office Park", "Works")),
    Group("Wholesalers", 0.08, 2, 0.22, 0.75, 1.10, 1.2, 0.04, ("Wholesale", "Cash and Carry", "Distributors")),
)
STREETS = (
    "Bank", "Bell", "Canal", "Castle", "Chapel", "Church", "Court", "Elm", "Forge", "Garden", "Green", "Hill", "Lake",
    "Lime", "Main", "Meadow", "Mill", "Orchard", "Park", "Pine", "Quarry", "Queen", "River", "School", "South",
    "Station", "Summit", "Union", "Valley", "Vine", "Water", "West",
)  # fmt: skip
JUDGES = ("Head of sales", "Head of finance", "Regional manager North", "Regional manager South", "Outside adviser")
REPRESENTATIVES = (
    "Anna Keller", "Ben Osei", "Carla Mendes", "David Lindqvist", "Elena Petrova", "Farid Haddad", "Grace Miller",
    "Hugo Laurent", "Irene Novak", "James Whitaker", "Karin Solberg", "Luis Ortega", "Mei Tanaka", "Nadia Rahman",
    "Oscar Brandt", "Paula Greco", "Quentin Hale", "Rosa Jimenez", "Samuel Okoro", "Teresa Dunn", "Umar Siddiqui",
    "Vera Horvath", "Walter Fisk", "Yara Costa",
)  # fmt: skip
# name, role, market of the base, hours for customers a year, cost a year
OTHERS = (
    ("Margaret Stone", "lead", "Lakemont", 200, 245_000),
    ("Peter Lang", "manager", "Birchwood", 420, 168_000),
    ("Susan Achebe", "manager", "Clayton", 400, 172_000),
    ("Robert Vance", "manager", "Riverton", 430, 165_000),
    ("Claire Dubois", "supervisor", "Harbor Point", 760, 138_000),
    ("Tom Brennan", "supervisor", "Ashford", 740, 136_000),
    ("Linda Park", "analyst", "Lakemont", 0, 104_000),
    ("Ivan Morozov", "analyst", "Lakemont", 0, 98_000),
    ("Julia Hart", "support", "Lakemont", 120, 72_000),
    ("Marcus Bell", "support", "Clayton", 110, 70_000),
    ("Sofia Ricci", "support", "Birchwood", 120, 71_000),
)
# name, market of the base, first and last day at work
LEAVERS = (
    ("Adam Frost", "Maplewood", "2021-03-01", "2024-08-31"),
    ("Bianca Rossi", "Bridgewater", "2019-06-15", "2025-01-31"),
    ("Derek Shaw", "Oakdale", "2022-09-01", "2025-06-30"),
    ("Helen Choi", "Lakemont", "2020-02-01", "2026-02-28"),
    ("Noah Price", "Cedar Falls", "2024-05-01", "2026-06-30"),
)
