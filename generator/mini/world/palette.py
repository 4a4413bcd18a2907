"""The world's colours: RGB in [0, 1] as shown, chosen by eye."""

RGB = tuple[float, float, float]

COLOURS: dict[str, RGB] = {
    "red": (0.88, 0.10, 0.12),
    "yellow": (0.98, 0.84, 0.06),
    "green": (0.08, 0.70, 0.24),
    "blue": (0.10, 0.30, 0.94),
    "purple": (0.56, 0.14, 0.78),
    "white": (0.97, 0.97, 0.97),
    "orange": (1.00, 0.50, 0.04),
    "pink": (1.00, 0.48, 0.70),
}
SKY: dict[str, tuple[RGB, RGB]] = {  # zenith, horizon
    "day": ((0.20, 0.50, 0.93), (0.74, 0.88, 0.98)),
    "sunset": ((0.28, 0.16, 0.46), (1.00, 0.56, 0.25)),
    "night": ((0.02, 0.03, 0.11), (0.13, 0.16, 0.36)),
    "dawn": ((0.47, 0.62, 0.86), (1.00, 0.82, 0.80)),
}
SUN: dict[str, RGB] = {
    "day": (1.0, 0.97, 0.74),
    "sunset": (1.0, 0.80, 0.40),
    "night": (0.94, 0.95, 0.99),
    "dawn": (1.0, 0.94, 0.82),
}
LIGHT: dict[str, RGB] = {
    "day": (1.0, 1.0, 1.0),
    "sunset": (1.0, 0.76, 0.62),
    "night": (0.40, 0.45, 0.68),
    "dawn": (0.86, 0.86, 0.95),
}
CLOUD: dict[str, tuple[RGB, float]] = {  # colour, how dense
    "day": ((1.0, 1.0, 1.0), 0.75),
    "sunset": ((1.0, 0.66, 0.46), 0.6),
    "night": ((0.16, 0.19, 0.36), 0.5),
    "dawn": ((1.0, 0.92, 0.90), 0.6),
}
FAR: dict[str, RGB] = {
    "hills": (0.38, 0.58, 0.50),
    "city": (0.45, 0.48, 0.57),
    "sea": (0.42, 0.53, 0.60),
    "desert": (0.80, 0.54, 0.36),
    "mountains": (0.42, 0.46, 0.58),
}
NEAR: dict[str, RGB] = {
    "hills": (0.24, 0.50, 0.22),
    "city": (0.33, 0.33, 0.40),
    "sea": (0.50, 0.46, 0.40),
    "desert": (0.68, 0.42, 0.25),
    "mountains": (0.20, 0.36, 0.30),
}
GROUND: dict[str, RGB] = {
    "hills": (0.40, 0.68, 0.26),
    "city": (0.42, 0.42, 0.46),
    "sea": (0.10, 0.40, 0.62),
    "desert": (0.92, 0.75, 0.45),
    "mountains": (0.58, 0.66, 0.50),
}
TRUNK: RGB = (0.35, 0.22, 0.12)
LEAVES: RGB = (0.10, 0.40, 0.14)
PINE: RGB = (0.08, 0.30, 0.22)
CACTUS: RGB = (0.16, 0.46, 0.20)
SNOWCAP: RGB = (0.95, 0.97, 1.0)
WINDOW_DAY: RGB = (0.60, 0.74, 0.86)
WINDOW_LIT: RGB = (1.0, 0.86, 0.42)
ROAD: RGB = (0.26, 0.26, 0.30)
PAINT: RGB = (0.92, 0.90, 0.80)
DARK: RGB = (0.10, 0.10, 0.13)
METAL: RGB = (0.72, 0.74, 0.78)
GLASS: RGB = (0.66, 0.86, 0.97)
LAMP: RGB = (1.0, 0.95, 0.60)
FLAME: RGB = (1.0, 0.62, 0.12)
WOOD: RGB = (0.42, 0.27, 0.14)
BEAK: RGB = (1.0, 0.60, 0.10)
STRING: RGB = (0.25, 0.20, 0.20)
PALE: RGB = (0.95, 0.95, 0.95)
RAIN: RGB = (0.80, 0.86, 0.95)
