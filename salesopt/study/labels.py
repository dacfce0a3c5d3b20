"""Readable names for the item types and categories of the Complete Journey study, which abbreviates both."""

from __future__ import annotations

KINDS = {
    "ASEPTIC PACK JUICE AND DRINKS": "Juice boxes",
    "BEANS GREEN: FS/WHL/CUT": "Green beans",
    "BROCCOLI WHOLE&CROWNS": "Broccoli",
    "CARROTS MINI PEELED": "Baby carrots",
    "CORN": "Canned corn",
    "DAIRY CASE 100% PURE JUICE - O": "Chilled orange juice",
    "ECONOMY - MEAT": "Hot dogs",
    "EGGS - LARGE": "Eggs L",
    "EGGS - MEDIUM": "Eggs M",
    "EGGS - X-LARGE": "Eggs XL",
    "FLUID MILK WHITE ONLY": "Milk",
    "FRZN BAGGED VEGETABLES - PLAIN": "Frozen veg",
    "ISOTONIC DRINKS SINGLE SERVE": "Sports drink",
    "IWS SINGLE CHEESE": "Cheese slices",
    "MAINSTREAM WHEAT/MULTIGRAIN BR": "Wheat bread",
    "MAINSTREAM WHITE BREAD": "White bread",
    "NATURAL CHEESE EXACT WT CHUNKS": "Block cheese",
    "ONIONS OTHER": "Onions",
    "PASTA: CANNED": "Canned pasta",
    "PEPPERS GREEN BELL": "Green peppers",
    "POTATOES RUSSET (BULK&BAG)": "Potatoes",
    "POURABLE SALAD DRESSINGS": "Salad dressing",
    "RAMEN NOODLES/RAMEN CUPS": "Ramen noodles",
    "RTS SOUP: CHUNKY/HOMESTYLE ET": "Chunky soup",
    "SANDWICHES&HANDHELDS": "Sandwiches",
    "SFT DRNK 2 LITER BTL CARB INCL": "Soda",
    "SFT DRNK SNGL SRV BTL CARB (EX": "Soda",
    "SGL SV/VEND MACH SNACKS CHIP/P": "Chips",
    "SOFT DRINKS 12/18&15PK CAN CAR": "Soda cans",
    "SOUR CREAMS": "Sour cream",
    "SW GDS:DONUTS": "Donuts",
    "TORTILLA/NACHO CHIPS": "Nacho chips",
    "TRADITIONAL": "Ice cream",
    "YOGURT NOT MULTI-PACKS": "Yogurt",
}
PACKS = {
    "48-54 ct": "each",
    "36 ct": "each",
    "48 ct": "each",
    "1 ga": "1 gal",
    "10/6.75 oz": "10 pk",
    "83.5 sq ft": "roll",
}
LINES = {
    "BAG SNACKS": "Snacks",
    "BAKED BREAD/BUNS/ROLLS": "Bread",
    "BATH TISSUES": "Household",
    "BERRIES": "Fruit and vegetables",
    "BREAKFAST SWEETS": "Snacks",
    "BROCCOLI/CAULIFLOWER": "Fruit and vegetables",
    "CANNED JUICES": "Juice and sports drinks",
    "CARROTS": "Fruit and vegetables",
    "CHEESE": "Cheese",
    "EGGS": "Eggs",
    "FLUID MILK PRODUCTS": "Milk",
    "FROZEN PIZZA": "Frozen and chilled",
    "FRZN VEGETABLE/VEG DSH": "Frozen and chilled",
    "HOT DOGS": "Frozen and chilled",
    "ICE CREAM/MILK/SHERBTS": "Frozen and chilled",
    "ISOTONIC DRINKS": "Juice and sports drinks",
    "MEAT - SHELF STABLE": "Canned and dry food",
    "MILK BY-PRODUCTS": "Yogurt and cream",
    "ONIONS": "Fruit and vegetables",
    "PEPPERS-ALL": "Fruit and vegetables",
    "POTATOES": "Fruit and vegetables",
    "REFRGRATD JUICES/DRNKS": "Juice and sports drinks",
    "SALD DRSNG/SNDWCH SPRD": "Canned and dry food",
    "SOFT DRINKS": "Soft drinks",
    "SOUP": "Canned and dry food",
    "VEGETABLES - ALL OTHERS": "Fruit and vegetables",
    "VEGETABLES - SHELF STABLE": "Canned and dry food",
    "YOGURT": "Yogurt and cream",
}


def name_item(kind: str, pack: str, maker: str) -> str:
    """A readable name, such as "Milk 1 ga, own label"; a type that is not listed keeps the source's words."""
    packed = " ".join(pack.lower().split())
    named = KINDS.get(kind, kind.capitalize())
    return f"{named} {PACKS.get(packed, packed)}".strip() + f", {maker}"


def name_line(category: str) -> str:
    """The product line of a category; a category that is not listed is its own."""
    return LINES.get(category, category.capitalize())
