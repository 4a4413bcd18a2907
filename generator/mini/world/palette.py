"""The world's colours: linear-looking RGB in [0, 1], chosen by eye."""

RGB = tuple[float, float, float]

COLOURS: dict[str, RGB] = {
    "red": (0.88, 0.12, 0.12),
    "yellow": (0.98, 0.82, 0.08),
    "green": (0.10, 0.72, 0.22),
    "blue": (0.12, 0.30, 0.92),
    "purple": (0.62, 0.18, 0.78),
    "white": (0.97, 0.97, 0.97),
}
SKY: dict[str, tuple[RGB, RGB]] = {  # zenith, horizon
    "day": ((0.25, 0.52, 0.92), (0.75, 0.88, 0.98)),
    "sunset": ((0.30, 0.18, 0.45), (0.99, 0.58, 0.28)),
    "night": ((0.02, 0.03, 0.10), (0.12, 0.14, 0.32)),
}
SUN: dict[str, RGB] = {
    "day": (1.0, 0.96, 0.70),
    "sunset": (1.0, 0.80, 0.40),
    "night": (0.93, 0.94, 0.98),
}
LIGHT: dict[str, RGB] = {
    "day": (1.0, 1.0, 1.0),
    "sunset": (1.0, 0.78, 0.66),
    "night": (0.42, 0.46, 0.66),
}
FAR: dict[str, RGB] = {
    "hills": (0.38, 0.58, 0.50),
    "city": (0.45, 0.48, 0.55),
    "sea": (0.45, 0.55, 0.62),
    "desert": (0.78, 0.55, 0.36),
}
NEAR: dict[str, RGB] = {
    "hills": (0.24, 0.50, 0.24),
    "city": (0.33, 0.33, 0.38),
    "desert": (0.66, 0.42, 0.25),
}
GROUND: dict[str, RGB] = {
    "hills": (0.36, 0.64, 0.26),
    "city": (0.42, 0.42, 0.44),
    "sea": (0.12, 0.40, 0.58),
    "desert": (0.87, 0.72, 0.45),
}
TRUNK: RGB = (0.35, 0.22, 0.12)
LEAVES: RGB = (0.10, 0.38, 0.14)
CACTUS: RGB = (0.16, 0.44, 0.20)
WINDOW_DAY: RGB = (0.62, 0.74, 0.84)
WINDOW_LIT: RGB = (1.0, 0.86, 0.42)
DARK: RGB = (0.10, 0.10, 0.12)
HUB: RGB = (0.70, 0.70, 0.70)
GLASS: RGB = (0.70, 0.86, 0.95)
LAMP: RGB = (1.0, 0.95, 0.60)
WOOD: RGB = (0.40, 0.26, 0.14)
BEAK: RGB = (1.0, 0.60, 0.10)
STRING: RGB = (0.25, 0.20, 0.20)
