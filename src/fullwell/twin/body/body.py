"""The body as the rest of the twin sees it: it is told things, and asked what it is like at an instant."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fullwell.camera.clock import Clock
from fullwell.camera.frame import Readings
from fullwell.errors import InvalidFacts, NotSupported, OutOfRange
from fullwell.models.body_facts import Chamber, Thermal
from fullwell.models.facts import CameraModel
from fullwell.twin.body.air import ZERO_C_K, dew_point_c, over_water_hpa, vapour_hpa, water_g_per_m3
from fullwell.twin.body.network import AUTOMATIC, MANUAL, OFF, Given, network, record, sink_w_per_k
from fullwell.twin.body.state import BodyState, Defects
from fullwell.twin.body.steps import (
    CHAMBER_WATER,
    COLD_SIDE,
    DEW_INSIDE,
    DEW_OUTSIDE,
    FROST,
    INTEGRAL,
    MIDDLE,
    PERCENT,
    SENSOR,
    SINK,
    STATES,
    STEP_S,
    STEPS_PER_SAMPLE,
    WINDOW,
    advance,
    wanted_percent,
)
from fullwell.twin.surroundings import Surroundings

STEP_NS: Final = round(STEP_S * 1e9)
SAMPLE_NS: Final = STEP_NS * STEPS_PER_SAMPLE
LIMIT_STEPS: Final = 10
"""How often a power limit is asked: each second."""

REMEMBERED_S: Final = 7200
"""How long back frames find the temperature that they had: two exposures of the longest kind."""

SETTLING_S: Final = 10_000
LONG_EXPOSURE_S: Final = 1.0
"""Above this the vendor's greater temperature difference holds."""

PowerLimit = Callable[[int, float], float | None]
"""Asked once per second of the body's time, in order, with the instant (UTC, ns) and the power that the cooler is
about to draw (%): the most that it may draw until the next second, 0 to 100 %; None = the cooler goes off."""


class Body:
    """Cooler, chamber and window of one camera.

    It has no clockwork of its own: whoever asks lets it compute up to the present, in steps of 0.1 s that begin
    when the camera gets power. Asking often or seldom changes nothing. What it is told holds from the step that
    has begun. It may be told and asked from any thread.

    Parameters
    ----------
    model : CameraModel
    surroundings : Surroundings
        In which it has been for hours.
    clock : Clock
        The time in which it lives; the camera gets power now.
    temperature_c : float, optional
        Begin with the cooler on and settled at this temperature (or at the lowest that it can hold); default is
        ambient with the cooler off.

    Attributes
    ----------
    power_limit : PowerLimit or None
        Set by whoever supplies the body with power; None = the cooler may draw what it wants. It must not ask the
        body of the instant at which it is asked.

    Raises
    ------
    NotSupported
        If a liquid flows round a camera that is not made for it.

    Notes
    -----
    An hour takes some 3 ms, a night of 10 h some 30 ms; with a power limit three times that.
    """

    def __init__(
        self, model: CameraModel, surroundings: Surroundings, clock: Clock, temperature_c: float | None = None
    ) -> None:
        if model.thermal is None or model.chamber is None:
            raise InvalidFacts(
                f"nothing is known of the body of the {model.name}.",
                "Give its facts the tables thermal and chamber.",
            )
        self._model, self._clock = model, clock
        self._thermal: Thermal = model.thermal
        self._chamber: Chamber = model.chamber
        self._net = network(model.cooling, model.thermal, model.chamber)
        self._net_record = record(self._net)
        self._lock = threading.RLock()
        self._require_liquid(surroundings)
        self._surroundings = surroundings
        self._defects = Defects()
        self._mode = OFF if temperature_c is None else AUTOMATIC
        self._target_c = 0.0 if temperature_c is None else temperature_c
        self._manual_percent = 0.0
        self._heater_on, self._fan_on, self._drying = False, True, False
        self._reads_fast = False
        self._powered = True
        self.power_limit: PowerLimit | None = None
        self._limit_percent = 100.0
        self._samples = np.zeros((REMEMBERED_S * 1_000_000_000 // SAMPLE_NS, STATES))
        self._nowhere = np.empty((1, STATES))
        self._state = self._beginning()
        self._start_ns, self._step = clock.now_ns(), 0
        self._given = record(self._acting())

    # What it is told.

    @property
    def cooler_on(self) -> bool:
        """Whether it regulates."""
        return self._mode == AUTOMATIC

    @cooler_on.setter
    def cooler_on(self, on: bool) -> None:
        with self._changing():
            if on and self._mode != AUTOMATIC:
                self._take_over()
            self._mode, self._manual_percent = (AUTOMATIC if on else OFF), 0.0

    @property
    def target_c(self) -> float:
        """Where it regulates, or will."""
        return self._target_c

    @target_c.setter
    def target_c(self, temperature_c: float) -> None:
        with self._changing():
            self._target_c = temperature_c

    def set_power(self, percent: float) -> None:
        """Give the cooler a fixed power, 0 to 100 %; regulation ends."""
        with self._changing():
            self._mode, self._manual_percent = (MANUAL if percent > 0.0 else OFF), percent

    @property
    def heater_on(self) -> bool:
        """Whether the window heater is switched on."""
        return self._heater_on

    @heater_on.setter
    def heater_on(self, on: bool) -> None:
        with self._changing():
            self._heater_on = on

    @property
    def fan_on(self) -> bool:
        """Whether the fan is switched on; it is when the camera gets power."""
        return self._fan_on

    @fan_on.setter
    def fan_on(self, on: bool) -> None:
        with self._changing():
            self._fan_on = on

    @property
    def drying(self) -> bool:
        """Whether a tube with fresh desiccant is connected to the chamber."""
        return self._drying

    @drying.setter
    def drying(self, connected: bool) -> None:
        with self._changing():
            self._drying = connected

    def reads(self, exposure_s: float | None) -> None:
        """The sensor is read again and again, with exposures of this length; None = no more."""
        with self._changing():
            self._reads_fast = exposure_s is not None and exposure_s <= LONG_EXPOSURE_S

    @property
    def powered(self) -> bool:
        """Whether there are 12 V. Without, cooler, heater and fan stand; afterwards the cooler is off."""
        return self._powered

    @powered.setter
    def powered(self, on: bool) -> None:
        with self._changing():
            if on != self._powered:
                self._mode, self._manual_percent = OFF, 0.0
                self._heater_on, self._fan_on = False, True
            self._powered = on

    # What befalls it.

    @property
    def surroundings(self) -> Surroundings:
        """In which it is now."""
        return self._surroundings

    def surround(self, surroundings: Surroundings) -> None:
        """Let something else be round it from now on.

        Raises
        ------
        NotSupported
            If a liquid flows round a camera that is not made for it.
        """
        self._require_liquid(surroundings)
        with self._changing():
            self._surroundings = surroundings

    @property
    def defects(self) -> Defects:
        """What is broken now."""
        return self._defects

    @defects.setter
    def defects(self, defects: Defects) -> None:
        if not 0.0 <= defects.cooler_strength <= 1.0:
            raise OutOfRange("strength of the cooler", defects.cooler_strength, 0.0, 1.0)
        if not 0.0 <= defects.leak_factor < math.inf:
            raise OutOfRange("leak of the chamber", defects.leak_factor, 0.0, math.inf)
        with self._changing():
            self._defects = defects

    def suffer(self, **changes: Any) -> None:
        """Break or mend some things from now on; see `Defects`."""
        self.defects = replace(self._defects, **changes)

    def let_air_in(self) -> None:
        """Somebody has opened the chamber: its air is that outside."""
        with self._changing():
            ambient_c = float(self._surroundings.ambient_temperature_c)
            self._state[CHAMBER_WATER] = water_g_per_m3(self._ambient_vapour_hpa(), ambient_c)

    # What it is like.

    def state(self, at_ns: int | None = None) -> BodyState:
        """The truth at an instant; default is now.

        Parameters
        ----------
        at_ns : int, optional
            UTC. Before the last two hours it is the oldest state that is remembered; in the future it is what
            will be if nothing changes.
        """
        with self._lock:
            now_ns = self._clock.now_ns()
            instant_ns = now_ns if at_ns is None else at_ns
            row = self._row(instant_ns)
        water, sensor, window = row[CHAMBER_WATER], row[SENSOR], row[WINDOW]
        ambient_c = self._surroundings.ambient_temperature_c
        inside_c = self._gas_c(float(sensor), float(window), ambient_c)
        return BodyState(
            instant_ns=instant_ns,
            sensor_c=float(sensor),
            cold_side_c=float(row[COLD_SIDE]),
            middle_c=float(row[MIDDLE]),
            sink_c=float(row[SINK]),
            window_c=float(window),
            chamber_c=inside_c,
            ambient_c=ambient_c,
            cooler_percent=float(row[PERCENT]),
            pressure_hpa=self._pressure_hpa(inside_c),
            humidity_percent=100.0 * vapour_hpa(water, inside_c) / over_water_hpa(inside_c),
            dew_point_c=dew_point_c(vapour_hpa(water, inside_c)),
            ambient_dew_point_c=dew_point_c(self._ambient_vapour_hpa()),
            window_dew_um=float(row[DEW_OUTSIDE]),
            window_inner_dew_um=float(row[DEW_INSIDE]),
            sensor_frost_um=float(row[FROST]),
        )

    def sensor_c(self, begin_ns: int, end_ns: int) -> NDArray[np.float64]:
        """True temperatures of the sensor from one instant to another, evenly spaced, at least one per second.

        Parameters
        ----------
        begin_ns, end_ns : int
            UTC; see `state` for the past and the future.

        Returns
        -------
        ndarray of float64, shape (2 or more,)
            C.
        """
        count = 2 + max(0, end_ns - begin_ns) // 1_000_000_000
        with self._lock:
            return np.array([self._row(int(at))[SENSOR] for at in np.linspace(begin_ns, end_ns, count)])

    def thermometer_c(self, at_ns: int | None = None) -> float:
        """What the thermometer of the sensor shows, C, in steps of a thousandth."""
        stuck_c = self._defects.thermometer_c
        return round(self._now(SENSOR, at_ns), 3) if stuck_c is None else stuck_c

    def cooler_percent(self) -> float:
        """Power of the cooler now, %."""
        return self._now(PERCENT)

    def readings(self, at_ns: int | None = None) -> Readings:
        """What its own sensors show at an instant."""
        state = self.state(at_ns)
        stuck_c = self._defects.thermometer_c
        return Readings(
            sensor_temperature_c=round(state.sensor_c, 3) if stuck_c is None else stuck_c,
            target_temperature_c=self._target_c,
            cooler_power_percent=state.cooler_percent,
            ambient_temperature_c=state.ambient_c,
            humidity_percent=state.humidity_percent if self._chamber.humidity_sensor else None,
            pressure_hpa=state.pressure_hpa if self._chamber.pressure_sensor else None,
        )

    # Inside.

    def _changing(self) -> _Changing:
        return _Changing(self)

    def catch_up(self) -> None:
        """Compute up to the present. Whoever asks does it anyway; a power limit is asked on the way."""
        with self._lock:
            goal = (self._clock.now_ns() - self._start_ns) // STEP_NS
            while self._step < goal:
                steps = goal - self._step
                if self.power_limit is not None and self._powered:
                    self._ask_limit()
                    steps = min(steps, LIMIT_STEPS - self._step % LIMIT_STEPS)
                advance(self._state, self._net_record, self._given, self._step, steps, self._samples)
                self._step += steps

    def heed_limit(self) -> None:
        """Ask the power limit now, and not only at the next whole second."""
        with self._lock:
            self.catch_up()
            self._heed_limit(self._clock.now_ns())

    def _ask_limit(self) -> None:
        """At each whole second."""
        if self._step % LIMIT_STEPS == 0:
            self._heed_limit(self._start_ns + self._step * STEP_NS)

    def _heed_limit(self, instant_ns: int) -> None:
        if self.power_limit is None:
            return
        wanted = wanted_percent(self._net_record, self._given, self._state[SENSOR], self._state[INTEGRAL])
        limit_percent = self.power_limit(instant_ns, min(max(wanted, 0.0), 100.0))
        if limit_percent is None:
            self._mode, self._manual_percent = OFF, 0.0
            self._given = record(self._acting())
            return
        if limit_percent != self._limit_percent:
            self._limit_percent = limit_percent
            self._given["limit_percent"] = limit_percent

    def _now(self, part: int, at_ns: int | None = None) -> float:
        """One number of the state, which is asked for often."""
        with self._lock:
            return float(self._row(self._clock.now_ns() if at_ns is None else at_ns)[part])

    def _row(self, at_ns: int) -> NDArray[np.float64]:
        """State at an instant: between samples by interpolation, beyond the present by going on."""
        self.catch_up()
        elapsed_ns = max(0, at_ns - self._start_ns)
        step, part_ns = divmod(elapsed_ns, STEP_NS)
        if step >= self._step:
            return self._onward(step, part_ns)
        rows = len(self._samples)
        newest = (self._step - 1) // STEPS_PER_SAMPLE
        sample = max(elapsed_ns // SAMPLE_NS, newest - rows + 1)
        before = self._samples[sample % rows]
        if sample < newest:
            after, after_ns = self._samples[(sample + 1) % rows], (sample + 1) * SAMPLE_NS
        else:
            after, after_ns = self._state, self._step * STEP_NS
        since_ns = max(0, elapsed_ns - sample * SAMPLE_NS)
        return np.asarray(before + (after - before) * (since_ns / (after_ns - sample * SAMPLE_NS)))

    def _onward(self, step: int, part_ns: int) -> NDArray[np.float64]:
        """What the state will be after a whole number of steps and part of one, if nothing changes."""
        state = self._state.copy()
        if step > self._step:
            advance(state, self._net_record, self._given, self._step, step - self._step, self._nowhere)
        before = state.copy()
        advance(state, self._net_record, self._given, step, 1, self._nowhere)
        row = np.asarray(before + (state - before) * (part_ns / STEP_NS))
        row[PERCENT] = state[PERCENT]
        return row

    def _take_over(self) -> None:
        """Regulation begins with the power that the cooler has: no jump."""
        shown_c = self._defects.thermometer_c  # the regulation knows it better than in steps of the readings
        too_warm_c = (self._state[SENSOR] if shown_c is None else shown_c) - self._target_c
        held = self._state[PERCENT] - self._net.gain_percent_per_c * too_warm_c
        self._state[INTEGRAL] = min(max(held, 0.0), 100.0)

    def _acting(self) -> Given:
        """What acts on it now."""
        around, defects, chamber = self._surroundings, self._defects, self._chamber
        liquid = around.coolant_temperature_c is not None
        turns = self._fan_on and defects.fan_works and self._powered
        heats = self._heater_on and defects.heater_works and self._powered
        ambient_c = float(around.ambient_temperature_c)
        coolant_c = ambient_c if around.coolant_temperature_c is None else float(around.coolant_temperature_c)
        return Given(
            mode=self._mode if self._powered else OFF,
            target_c=float(self._target_c),
            manual_percent=float(self._manual_percent),
            limit_percent=float(self._limit_percent),
            thermometer_c=math.nan if defects.thermometer_c is None else float(defects.thermometer_c),
            strength=float(defects.cooler_strength),
            load_w=self._net.reading_w if self._reads_fast and self._powered else 0.0,
            heater_w=self._net.heater_w if heats else 0.0,
            ambient_c=ambient_c,
            coolant_c=coolant_c,
            sink_w_per_k=sink_w_per_k(self._thermal, around.coolant_flow_ml_per_s if liquid else None, turns),
            ambient_vapour_hpa=self._ambient_vapour_hpa(),
            leak_per_s=float(defects.leak_factor) / chamber.leak_s,
            drying_per_s=1.0 / chamber.drying_s if self._drying else 0.0,
            dry_vapour_hpa=_vapour_hpa(chamber.desiccant_humidity_percent, ambient_c),
        )

    def _ambient_vapour_hpa(self) -> float:
        return _vapour_hpa(self._surroundings.humidity_percent, self._surroundings.ambient_temperature_c)

    def _gas_c(self, sensor_c: float, window_c: float, ambient_c: float) -> float:
        """Of the chamber: between sensor, window and housing."""
        chamber = self._chamber
        housing = 1.0 - chamber.sensor_share - chamber.window_share
        return chamber.sensor_share * sensor_c + chamber.window_share * window_c + housing * ambient_c

    def _pressure_hpa(self, inside_c: float) -> float:
        """Of a gas in a fixed volume."""
        chamber = self._chamber
        return chamber.fill_pressure_hpa * (inside_c + ZERO_C_K) / (chamber.fill_temperature_c + ZERO_C_K)

    def _beginning(self) -> NDArray[np.float64]:
        """At ambient everywhere; with the cooler on, where it settles."""
        chamber, ambient_c = self._chamber, self._surroundings.ambient_temperature_c
        state = np.zeros(STATES)
        state[[SENSOR, COLD_SIDE, MIDDLE, WINDOW]] = ambient_c
        coolant_c = self._surroundings.coolant_temperature_c
        state[SINK] = ambient_c if coolant_c is None else coolant_c
        filled_hpa = _vapour_hpa(chamber.fill_humidity_percent, chamber.fill_temperature_c)
        state[CHAMBER_WATER] = water_g_per_m3(filled_hpa, chamber.fill_temperature_c)
        if self._mode == AUTOMATIC or coolant_c is not None:
            advance(
                state,
                self._net_record,
                record(self._acting()),
                0,
                round(SETTLING_S / STEP_S),
                np.empty((1, STATES)),
            )
        return state

    def _require_liquid(self, surroundings: Surroundings) -> None:
        if surroundings.coolant_temperature_c is not None and self._thermal.liquid_w_per_k is None:
            raise NotSupported(
                f"the {self._model.name} is not made with liquid cooling.", "Leave the coolant temperature away."
            )


def _vapour_hpa(humidity_percent: float, temperature_c: float) -> float:
    """Of air of a relative humidity, which is over water at all temperatures, as hygrometers show it."""
    return 0.01 * humidity_percent * over_water_hpa(float(temperature_c))


class _Changing:
    """While it is entered, the body is at the present and may be changed; afterwards that acts on it."""

    def __init__(self, body: Body) -> None:
        self._body = body

    def __enter__(self) -> None:
        self._body._lock.acquire()
        self._body.catch_up()

    def __exit__(self, *_: object) -> None:
        self._body._given = record(self._body._acting())
        self._body._lock.release()
