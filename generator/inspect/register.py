"""Register one picture to another under a camera that turns and zooms, robustly.

Inverse compositional Lucas-Kanade on four parameters (pan, tilt, roll, log zoom), coarse to fine
and without features, reweighted so that what moves by itself counts little.  Knows nothing of
clips or verdicts.
Source: Baker & Matthews, Lucas-Kanade 20 Years On (2004); weights: Black & Rangarajan (1996).
Try: python -m pytest tests/generator/inspect/test_register.py
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from shotwright.generator.camera import Pose
from shotwright.generator.lens import Matrix, camera_matrix, rotation

Gray = NDArray[np.float32]

LONG_SIDE_PX = 128
"""Pictures are compared at this long side: 0.02 px, the usual error there, is 0.01 degrees."""

COARSEST_PX = 14
"""Short side of the coarsest level: below it nothing is left of a landscape."""

LEVELS = 3
SMOOTH_PX = 0.9  # anti-alias: gradients of one-pixel edges are not linear over a pixel
OUTLIER_SIGMAS = 2.0  # half weight there is about 1.3 sigmas; a subject's edge is far beyond
NOISE_FLOOR = 0.4  # grey levels; a rendered still has no noise at all to scale by
BRIGHTEST = 4.0  # gain between two frames: two stops, a fade that leaves something to see
BLANK = 1.0  # deviation of grey levels: a coder's noise in black
SPREAD = 25.0  # variance of grey levels below which a gain is a guess, and taken nearer to 1
GREY_TOLERANCE = 4.0  # grey levels that count as half wrong when two candidates are compared
ENOUGH_RAD = 5e-4  # a step below it ends the iteration, which converges faster than it steps
FARTHEST_RAD = 0.1  # a linear model of the picture holds for a few pixels only
TEXTURE = 2.0  # grey levels a pixel from which a slope says where it belongs
AGREES_PX = 0.5  # texture this close to its place follows the motion
ALIKE_PX = 10.0  # neighbouring pixels that err alike, from the smoothing
COARSE_STEPS, MIDDLE_STEPS, FINE_STEPS = 6, 4, 5
EYE, EYE4 = np.eye(3), np.eye(4)
GOOD_COST = 0.03  # a prediction refined to this is not looked for elsewhere
LOST_COST = 0.25  # a prediction this poor calls for a global search
CLEARLY = 0.9  # share of the prediction's cost below which what was found elsewhere is taken: subjects move too


@dataclass(frozen=True)
class Pyramid:
    """One picture at falling sizes: smoothed grey levels, float32, halved from level to level."""

    levels: tuple[Gray, ...]

    @property
    def blank(self) -> bool:
        """Whether there is nothing to see, as in a black frame."""
        return float(self.levels[0].std()) < BLANK


@dataclass(frozen=True)
class Fit:
    """A registration: `turn` maps directions in the picture to directions in the key picture.

    turn: 3 x 3, rotation times diag(1/zoom, 1/zoom, 1); cost: share of disagreement, 0 to 1;
    agreeing: share of the key's visible texture that follows this motion, 0 to 1;
    error_rad: standard error of the least certain of pan, tilt, roll and log zoom.
    """

    turn: Matrix
    cost: float
    agreeing: float
    error_rad: float


def pyramid(frame: NDArray[np.uint8]) -> Pyramid:
    """frame: uint8 RGB (height, width, 3)."""
    height, width = frame.shape[:2]
    scale = min(1.0, LONG_SIDE_PX / max(height, width))
    if scale < 1:
        size = (round(width * scale), round(height * scale))
        frame = np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float32)
    levels = [_f32(cv2.GaussianBlur(grey, (0, 0), SMOOTH_PX))]
    while len(levels) < LEVELS and min(levels[-1].shape) >= 2 * COARSEST_PX:
        levels.append(_f32(cv2.pyrDown(levels[-1])))
    return Pyramid(tuple(levels))


def _f32(image: object) -> Gray:
    return np.asarray(image, np.float32)


def _relit(moved: Gray, image: Gray, seen: NDArray[np.bool_]) -> Gray:
    """`moved` with the gain and offset that bring it to the light of `image`: flicker is no motion.

    Equal means and deviations where both see; then once more with what disagrees left out.
    """
    weight = seen.astype(np.float32)
    for outliers in (True, False):
        total = float(weight.sum())
        if total < 16:
            return moved
        level = float((weight * moved).sum()) / total
        wanted = float((weight * image).sum()) / total
        spread = float((weight * (moved - level) ** 2).sum()) / total
        spread_wanted = float((weight * (image - wanted) ** 2).sum()) / total
        gain = math.sqrt((spread_wanted + SPREAD) / (spread + SPREAD))
        gain = min(max(gain, 1 / BRIGHTEST), BRIGHTEST)
        relit = _f32((moved - level) * gain + wanted)
        if outliers:
            squared = (relit - image) ** 2
            usual = float(squared[seen].mean()) / 2 + NOISE_FLOOR**2
            weight = _f32(seen / (1 + squared / usual) ** 2)
    return relit


class _Level:
    """The key picture at one size, and how its grey levels change with the camera."""

    def __init__(self, image: Gray, lens: Matrix) -> None:
        self.image, self.lens, self.unlens = image, lens, np.linalg.inv(lens)
        rows, columns = image.shape
        focal_px = lens[0, 0]
        x = ((np.arange(columns) - lens[0, 2]) / focal_px).astype(np.float32)[None, :]
        y = ((lens[1, 2] - np.arange(rows)) / focal_px).astype(np.float32)[:, None]
        along_x = _f32(cv2.Sobel(image, cv2.CV_32F, 1, 0, scale=focal_px / 8))
        along_y = _f32(cv2.Sobel(image, cv2.CV_32F, 0, 1, scale=-focal_px / 8))
        radial = along_x * x + along_y * y
        # d grey / d (pan, tilt, roll, log zoom); the direction (x, y, 1) turns with the camera
        slopes = (along_x + radial * x, along_y + radial * y, along_x * y - along_y * x, -radial)
        self.slopes = np.stack([slope.ravel() for slope in slopes])
        self.steepness = np.hypot(along_x, along_y) / focal_px

    def look(self, image: Gray, turn: Matrix) -> tuple[Gray, NDArray[np.bool_]]:
        """`image` in the key's place and light, minus the key, and where it covers the key."""
        there = self.lens @ turn @ self.unlens
        size = (image.shape[1], image.shape[0])
        nowhere = -1e4  # any share of it in a bilinear mix shows as a negative grey level
        moved = cv2.warpPerspective(image, there, size, flags=cv2.INTER_LINEAR, borderValue=nowhere)
        seen = np.asarray(moved > -1)
        moved = _relit(_f32(moved), self.image, seen)
        return _f32(np.where(seen, moved - self.image, 0)), seen

    def cost(self, image: Gray, turn: Matrix) -> float:
        """Mean disagreement where both see: 0 equal, 1 nothing in common."""
        residual, seen = self.look(image, turn)
        covered = np.count_nonzero(seen)
        if covered < 0.2 * seen.size:
            return 1.0
        squared = residual * residual  # 0 where not seen
        return float((squared / (squared + GREY_TOLERANCE**2)).sum() / covered)

    def weigh(self, image: Gray, turn: Matrix) -> tuple[Gray, Gray, float]:
        """Residual, weight of each pixel, and the scale of the noise in grey levels."""
        residual, seen = self.look(image, turn)
        # a subject is coherent: its flat inside is judged with its edge
        squared = _f32(cv2.GaussianBlur(residual * residual, (0, 0), 0.7))
        inside = squared[::2, ::2][seen[::2, ::2]]  # a quarter of the pixels will do for a median
        middle = inside.size // 2
        noise = math.sqrt(float(np.partition(inside, middle)[middle])) if inside.size else 0.0
        noise = max(noise, NOISE_FLOOR)
        return residual, _f32(seen / (1 + squared / (OUTLIER_SIGMAS * noise) ** 2) ** 2), noise

    def refine(self, image: Gray, turn: Matrix, steps: int) -> Matrix:
        for _ in range(steps):
            residual, weight, _ = self.weigh(image, turn)
            weighted = self.slopes * weight.ravel()
            normal = (weighted @ self.slopes.T).astype(np.float64)
            # an axis that no texture shows stays where it is
            normal[np.diag_indices(4)] *= 1.001
            normal[np.diag_indices(4)] += 1e-3
            step = np.linalg.solve(normal, (weighted @ residual.ravel()).astype(np.float64))
            step *= min(1.0, FARTHEST_RAD / float(np.abs(step).max() + 1e-12))
            turn = nearest_turn(_small_turn(step) @ turn)
            if np.abs(step).max() < ENOUGH_RAD:
                break
        return turn


class Key:
    """A picture that others are registered to.  zoom_ratio: its own, relative to hfov_deg."""

    def __init__(self, picture: Pyramid, *, hfov_deg: float, zoom_ratio: float = 1.0) -> None:
        rows, columns = picture.levels[0].shape
        lens = camera_matrix(hfov_deg, columns, rows) * np.array([[zoom_ratio], [zoom_ratio], [1]])
        lens[:2, 2] = (columns - 1) / 2, (rows - 1) / 2
        self.picture = picture
        # pyrDown keeps pixel 0 at pixel 0, so each level halves the lens exactly
        self.levels = [
            _Level(image, lens * np.array([[0.5**i], [0.5**i], [1]]))
            for i, image in enumerate(picture.levels)
        ]

    def register(self, picture: Pyramid, guesses: list[Matrix]) -> Fit:
        """Find the turn from `picture` to the key, starting from the best of `guesses`."""
        middle = min(1, len(self.levels) - 1)
        judge, image = self.levels[middle], picture.levels[middle]
        judged = [(judge.cost(image, guess), guess) for guess in guesses]
        cost, start = min(judged, key=_first)
        near = judge.refine(image, start, MIDDLE_STEPS)
        judged.append((judge.cost(image, near), near))
        if judged[-1][0] > GOOD_COST:
            far = self._search(picture, start if cost < LOST_COST else self._shift(picture), middle)
            cost = judge.cost(image, far)
            if cost < CLEARLY * min(judged, key=_first)[0]:
                judged.append((cost, far))
        turn = min(judged, key=_first)[1]
        finest, image = self.levels[0], picture.levels[0]
        fine = finest.refine(image, turn, FINE_STEPS)
        both = [(finest.cost(image, turn), turn), (finest.cost(image, fine), fine)]
        return self._fit(image, *min(both, key=_first))

    def _search(self, picture: Pyramid, turn: Matrix, middle: int) -> Matrix:
        for i in range(len(self.levels) - 1, middle - 1, -1):
            steps = MIDDLE_STEPS if i == middle else COARSE_STEPS
            turn = self.levels[i].refine(picture.levels[i], turn, steps)
        return turn

    def _shift(self, picture: Pyramid) -> Matrix:
        """The turn that a shift of the whole picture stands for: for whip pans."""
        level, image = self.levels[-1], picture.levels[-1]
        window = cv2.createHanningWindow((image.shape[1], image.shape[0]), cv2.CV_32F)
        # copies, since cv2 lays the window over the pictures themselves where their sizes suit its transform
        (dx, dy), _ = cv2.phaseCorrelate(level.image.copy(), image.copy(), window)
        focal_px = level.lens[0, 0]
        # the content moved by (dx, dy) pixels, so the camera turned the other way
        return _small_turn(np.array([-dx / focal_px, dy / focal_px, 0, 0]))

    def _fit(self, image: Gray, cost: float, turn: Matrix) -> Fit:
        finest = self.levels[0]
        residual, weight, level = finest.weigh(image, turn)
        textured = (weight > 0) & (finest.steepness > TEXTURE)
        steep = finest.steepness[textured]
        # what the whole picture differs by (noise, a breath of exposure) is nobody's motion
        noisy = min(2 * level, GREY_TOLERANCE)
        off_px = np.maximum(np.abs(residual[textured]) - noisy, 0) / steep
        agreeing = float(steep[off_px < AGREES_PX].sum() / steep.sum()) if steep.size else 0.0
        # what the motion leaves unexplained, the outliers left out
        noise = float((weight * residual**2).sum() / max(float(weight.sum()), 1.0))
        normal = ((finest.slopes * weight.ravel()) @ finest.slopes.T).astype(np.float64)
        information = normal / (ALIKE_PX * max(noise, NOISE_FLOOR**2)) + 1e-6 * EYE4
        error = math.sqrt(float(np.linalg.inv(information).diagonal().max()))
        return Fit(turn, cost, agreeing, error)

    def overlap(self, turn: Matrix) -> float:
        """Share that the two pictures have in common, of the one that shares less."""
        finest = self.levels[0]
        rows, columns = finest.image.shape
        x, y = np.meshgrid(np.linspace(0, columns - 1, 9), np.linspace(0, rows - 1, 9))
        points = np.stack([x.ravel(), y.ravel(), np.ones(x.size)])
        there = finest.lens @ turn @ finest.unlens
        shares = []
        for way in (there, np.linalg.inv(there)):
            u, v, w = way @ points
            u, v = u / w, v / w
            inside = (w > 0) & (u > -0.5) & (u < columns - 0.5) & (v > -0.5) & (v < rows - 0.5)
            shares.append(float(inside.mean()))
        return min(shares)


def _first(judged: tuple[float, Matrix]) -> float:
    return judged[0]


def _small_turn(step: NDArray[np.float64]) -> Matrix:
    pan, tilt, roll = (math.degrees(value) for value in step[:3])
    shrink = math.exp(-step[3])
    return np.asarray(rotation(Pose(pan, tilt, roll)) * np.array([shrink, shrink, 1.0]))


def split(turn: Matrix) -> tuple[Matrix, float]:
    """A turn as rotation and zoom ratio, cleaned of what products of turns leave over."""
    x, y, z = (math.hypot(*column) for column in turn.T)
    zoom = z / math.sqrt(x * y)
    spin = turn * np.array([zoom, zoom, 1.0])
    for _ in range(2):  # Newton's iteration to the nearest rotation, from very near
        spin = spin @ (1.5 * EYE - 0.5 * (spin.T @ spin))
    return spin, zoom


def nearest_turn(matrix: Matrix) -> Matrix:
    """The rotation and zoom closest to a product of such: zooms about two axes make no zoom."""
    spin, zoom = split(matrix)
    return np.asarray(spin / np.array([zoom, zoom, 1.0]))


def angles_deg(spin: Matrix) -> tuple[float, float, float]:
    """Pan, tilt and roll of a rotation, inverse of `warp.rotation`."""
    tilt = math.asin(min(max(spin[1, 2], -1.0), 1.0))
    pan = math.atan2(spin[0, 2], spin[2, 2])
    roll = math.atan2(-spin[1, 0], spin[1, 1])
    return math.degrees(pan), math.degrees(tilt), math.degrees(roll)
