"""The twin at the far end of the cable: a camera that answers like the vendor's, with physics behind it.

It has no clockwork of its own. Exposures, the free run of live mode, the cooler and the filter wheel are computed
from the clock when somebody asks; frames are drawn in the thread of the caller (and in a few that help it while
it waits), straight into the caller's buffer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from fullwell.camera.clock import Clock
from fullwell.camera.controls import CONTROLS, Control
from fullwell.camera.device import Stream
from fullwell.camera.frame import FrameFormat, FrameReport, Settings, Truth
from fullwell.errors import (
    Busy,
    FrameTimeout,
    InvalidOperation,
    NotSupported,
)
from fullwell.models.facts import CameraModel, Window
from fullwell.readout.rows import RowTiming
from fullwell.scene.light import Scene
from fullwell.twin.befalling import (
    body_effects,
    cable_effects,
    frame_effects,
    place_effects,
    power_effects,
    sensor_effects,
    wheel_effects,
)
from fullwell.twin.body.flash import Flash
from fullwell.twin.burst import BurstMode, shifted
from fullwell.twin.cable import Cable
from fullwell.twin.crystal import Crystal
from fullwell.twin.driven import NEVER_NS, DrivenRun, sleep_until
from fullwell.twin.faults import Fault, FaultPlan
from fullwell.twin.frames import FrameGenerator
from fullwell.twin.freerun import Exposure, FreeRun, Setup
from fullwell.twin.gpsbox import GpsBox, StampSource
from fullwell.twin.housing import Equipment, Housing
from fullwell.twin.identity import FACTORY_FIRMWARE
from fullwell.twin.imprints import Imprints
from fullwell.twin.knobs import Knobs
from fullwell.twin.pictures import Order, Pictures
from fullwell.twin.reach import REMEMBERED
from fullwell.twin.single import SingleExposure
from fullwell.twin.stream import Arrival, FrameStream, frame_bytes, memory_frames
from fullwell.twin.surroundings import Surroundings
from fullwell.twin.sync import SyncCable
from fullwell.twin.trigger import TriggerLine
from fullwell.twin.troubles import Board, told
from fullwell.twin.wiring import Wiring


class TwinDevice(Housing):
    """A virtual camera behind the cable (`fullwell.camera.device.Device` and ``TruthSource``).

    Parameters
    ----------
    model : CameraModel
        Facts of the camera.
    scene : Scene
        What it looks at.
    filter_name : str
        In the light path at the beginning.
    coating : str, optional
        One of ``model.sensor.coatings``; default is the first.
    seed : int
        Of the body, 0 to 2^63 - 1: two twins of one seed have the same pixels, and draw the same frames for the
        same settings, start and number.
    clock : Clock
        The time in which it lives.
    link : str, optional
        Name of the cable; default is the first of the model.
    surroundings : Surroundings, optional
        Air, supply and cables round it; default is a room at 20 C.
    temperature_c : float, optional
        Begin with the cooler on and settled there, C; default is ambient, cooler off.
    threads : int, optional
        How many draw a frame; default is one per processor.
    gps_box : GpsBox, optional
        Plugged in; default is none.
    fpga : str, optional
        Versions of its logic; default is the oldest with which everything works.
    firmware : str, optional
        The day that is the version of its firmware; default is one after September 2021.
    flash : Flash, optional
        Its memory; default is a fresh one.
    cable : Cable, optional
        Between camera and computer; default is a short one.
    faults : iterable of Fault
        What goes wrong, and with which frames; default is nothing.
    trigger_line : TriggerLine, optional
        Plugged into the trigger input.
    sync : SyncCable, optional
        Plugged into the GPIO socket.
    oscillator_ppm : float
        Deviation of its oscillator from nominal, parts per million.

    Raises
    ------
    UnknownName
        If the model has no such coating or link.
    InvalidValue, OutOfRange
        If a number is none, or outside its limits.

    Notes
    -----
    Frames are numbered from 0 at each `open`; only frames that somebody received are counted, so a session can be
    repeated number by number. In live mode a slow reader loses frames once the camera's memory is full (see
    `fullwell.twin.stream`): their numbers are missing. The first live frames are as good as all others.

    The noise of frame n is the same in every session of one seed. Frames that are to be averaged come from one
    session, or from several seeds.
    """

    def __init__(
        self,
        model: CameraModel,
        scene: Scene,
        *,
        filter_name: str,
        seed: int,
        clock: Clock,
        coating: str | None = None,
        link: str | None = None,
        surroundings: Surroundings | None = None,
        temperature_c: float | None = None,
        threads: int | None = None,
        gps_box: GpsBox | None = None,
        fpga: str | None = None,
        firmware: str = FACTORY_FIRMWARE,
        flash: Flash | None = None,
        cable: Cable | None = None,
        faults: Iterable[Fault] = (),
        trigger_line: TriggerLine | None = None,
        sync: SyncCable | None = None,
        oscillator_ppm: float = 0.0,
    ) -> None:
        equipment = Equipment(
            filter_name=filter_name,
            link=link,
            surroundings=surroundings,
            temperature_c=temperature_c,
            fpga=fpga,
            firmware=firmware,
            flash=flash,
            cable=cable,
        )
        self._frames = FrameGenerator(model, scene, coating, seed, threads)
        super().__init__(model, equipment, seed, clock)
        self._faults = FaultPlan(faults, seed)
        imprints = Imprints(StampSource(gps_box, seed, clock.now_ns()), model.shutter_signal)
        self._pictures = Pictures(self._frames, self._body, imprints, model.shutter_signal, self._faults)
        self._stale = False
        self._board = Board(
            clock,
            {
                **cable_effects(self._reach, self._step_wall),
                **frame_effects(self._faults),
                **sensor_effects(self._frames.wear),
                **power_effects(self._power, self._disturb_cable),
                **wheel_effects(self._port.wheel, clock),
                **body_effects(self._body),
                **place_effects(self._place),
            },
        )
        self._held = False
        self._stream: Stream | None = None
        self._mode = model.default_mode
        self._format = self._default_format()
        self._knobs = Knobs(model, self._port.slots, self._body_controls.absent)
        crystal = Crystal(oscillator_ppm)
        self._wiring = Wiring(model, self._knobs, trigger_line, sync, crystal, self._wake.set)
        self._single = SingleExposure(clock, self._lock, self._wake, self._reach)
        self._run: FrameStream | None = None
        self._has_run = False
        self._sequence = 0
        self._counter_zero = 0
        self._burst = (
            BurstMode(model.burst, self._link, self._exposure_s, self._burst_changed)
            if model.burst is not None
            else None
        )

    @property
    def burst(self) -> BurstMode | None:
        """The burst calls of live mode; None where the camera has none."""
        return self._burst

    def connect_drying_tube(self, connected: bool) -> None:
        """Connect a tube with fresh desiccant to the chamber, or take it off."""
        self._body.drying = connected

    def open(self) -> None:
        """Connect, and prepare what would make the first frame late."""
        self._frames.warm_up(self._filter_name)
        with self._lock:
            self._wire.path.require()
            self._reach.begin()
            self._loader.confirm()
            self._open = True
            self._held = self._single.under_way
            if not self._held:
                self._begin_numbers()
            if self._burst is not None:
                self._burst.connect()

    def close(self) -> None:
        """Let go; what is under way is abandoned, unless the camera cannot hear of it. Body and wheel live on."""
        self.cancel_exposure()
        with self._lock:
            self._open = False
            if not self._single.under_way:
                self._stream = None

    def resume(self) -> bool:
        """Take up the single exposure that was under way when the connection was lost, before `initialise`.

        Returns
        -------
        bool
            False if the camera holds none.
        """
        with self._lock:
            self._require_open()
            held, self._held = self._held, False
            return held

    def initialise(self, mode: int, stream: Stream) -> None:
        """Choose read mode and stream; gain, offset, exposure and format are the defaults afterwards.

        Raises
        ------
        UnknownName
            If there is no such mode.
        NotSupported
            If the cable does not carry it.
        Busy
            If a frame is under way.
        """
        read_mode = self._model.mode(mode)
        if self._link not in read_mode.links:
            raise NotSupported(
                f"mode {read_mode.name!r} does not exist on the link {self._link!r}.",
                f"Use one of: {', '.join(read_mode.links)}.",
            )
        with self._lock:
            self._require_open()
            if self._held:
                self._single.cancel()
                self._begin_numbers()
            self._require_idle("initialise the camera")
            self._mode = read_mode.number
            self._stream = stream
            self._has_run = False
            self._format = self._default_format()
            self._knobs.reset()

    def configure(self, frame_format: FrameFormat) -> None:
        """Choose window, binning, word depth."""
        with self._lock:
            self._require_stream(None)
            self._require_idle("change the format")
            self._format = frame_format

    def set_control(self, control: Control, value: float) -> None:
        """Set a control; in live mode it holds from the next frame that starts.

        Raises
        ------
        NotSupported
            If this camera has no such control, or none that can be set.
        OutOfRange
            If the value is not allowed.
        Busy
            If a single exposure is under way and the control cannot be changed then.
        """
        self._knobs.check(control, value)
        if control is Control.WHEEL_POSITION:
            self._turn_wheel(value)
            return
        with self._lock:
            self._require_open()
            if self._single.under_way and not CONTROLS[control].while_exposing:
                raise Busy(f"{control} cannot be changed during an exposure.", "Wait for its end, or abort it.")
            self._apply(control, value)

    def get_control(self, control: Control) -> float:
        """Read a control or a sensor of the body.

        Raises
        ------
        NotSupported
            If this camera has no such control.
        """
        with self._lock:
            self._require_opened()
            if control not in REMEMBERED:
                self._reach.require()
            now_ns = self._clock.now_ns()
            if control in self._body_controls:
                return self._body_controls.get(control)
            if control in self._power:
                return self._power.get(control)
            match control:
                case Control.MEMORY_FILL_KB:
                    return self._memory_fill_kb(now_ns)
                case Control.WHEEL_POSITION:
                    return float(self._port.position(now_ns))
                case _:
                    return float(self._knobs[control])

    def precise_timing(self) -> RowTiming:
        """The clockwork for the present settings."""
        with self._lock:
            self._require_stream(None)
            return self._wiring.paced(self._setup()).timing

    def start_exposure(self) -> None:
        """Begin a single exposure and return at once.

        Raises
        ------
        Busy
            If one is under way, or waits to be read.
        """
        with self._lock:
            self._require_stream(Stream.SINGLE)
            self._require_idle("start an exposure")
            driver, setup = self._wiring.driver(), self._setup()
            if driver is None:
                self._single.begin(self._wiring.paced(setup))
            else:
                self._single.arm(setup, driver)

    def exposure_remaining_s(self) -> float:
        """Time until the frame can be read without waiting, 0 when it can or when there is none, s.

        Infinite while the exposure waits for a trigger.
        """
        with self._lock:
            self._require_stream(None)
            return self._single.remaining_s()

    def stop_exposure(self) -> None:
        """End the exposure at the next line and keep what was collected; too late, it changes nothing.

        Raises
        ------
        InvalidOperation
            If nothing is being exposed.
        """
        with self._lock:
            self._require_stream(Stream.SINGLE)
            collecting = self._single.collecting()
            if collecting is not None:
                setup, elapsed_ns = collecting
                shorter = self._timing(setup.settings, max(elapsed_ns, 1) * 1e-9)
                self._single.shorten(self._wiring.paced(replace(setup, timing=shorter)))

    def cancel_exposure(self) -> None:
        """Abandon the exposure or the free run; a waiting reader is woken. A camera out of reach goes on."""
        with self._lock:
            if self._reach.silent:
                self._reach.cut()
            if self._reach.connected:
                self._single.cancel()
            self._end_run()

    def read_frame(self, out: NDArray[Any]) -> FrameReport:
        """Wait for the end of exposure, draw the frame during read-out and transfer, hand it over.

        Raises
        ------
        NoImage
            If no exposure was started.
        ExposureAborted
            If it is abandoned meanwhile.
        InvalidValue
            If `out` is not of the configured shape and dtype.
        DeviceLost, FrameTimeout
            If the camera is gone meanwhile, or the frame does not arrive whole.
        """
        with self._lock:
            self._require_stream(Stream.SINGLE, patient=True)
            self._single.require()
            self._frames.check(out, self._format, self._mode)
            sequence = self._sequence
        self._single.wait_for_start(None)
        shot = self._single.wait_for_light()
        order = self._order(shot, sequence, (0,))
        report = self._pictures.draw(order, out)
        self._single.wait_for_arrival(shot)
        with self._lock:
            self._reach.require_connection()
            self._single.finish(shot)
            self._sequence = sequence + 1
            if self._loses(sequence, shot.start_ns):
                raise FrameTimeout(
                    f"frame {sequence} did not arrive whole.", "Check the cable, and take it once more."
                )
            self._pictures.handed_over(order)
        return report

    def start_live(self) -> None:
        """Let the sensor run freely: frame n starts n frame periods from now."""
        with self._lock:
            self._require_stream(Stream.LIVE)
            self._require_idle("start live mode")
            self._run = self._new_run()
            self._stale = self._faults.stale(self._sequence, self._clock.now_ns())
            self._has_run = True
            self._body.reads(self._exposure_s())
            self._choose_output()

    def read_live(self, out: NDArray[Any], timeout_s: float) -> FrameReport | None:
        """Wait at most `timeout_s` for the next frame; None if there was none, or the run was stopped.

        Raises
        ------
        InvalidOperation
            If live mode has not been started since `initialise`.
        InvalidValue
            If `out` is not of the configured shape and dtype.
        DeviceLost
            If the camera is gone meanwhile.
        """
        report = self._read_live(out, timeout_s)
        if report is None and self._open:
            self._reach.require_connection()
        return report

    def _read_live(self, out: NDArray[Any], timeout_s: float) -> FrameReport | None:
        deadline_ns = self._clock.now_ns() + round(timeout_s * 1e9)
        with self._lock:
            self._require_stream(Stream.LIVE, patient=True)
            self._frames.check(out, self._format, self._mode)
            run = self._run
            if run is None and self._has_run:
                return None
            if run is None:
                raise InvalidOperation("live mode has not been started.", "Start it first.")
        stale, self._stale = self._stale, False
        if stale and (left := self._pictures.draw_last(self._setup().settings, out)) is not None:
            return left
        coming = self._wait_for_start(run, deadline_ns)
        if coming is None:
            return None
        sequence = run.number(coming.exposure)
        around = (0,) if isinstance(run.sensor, DrivenRun) else range(max(-3, -coming.exposure.index), 2)
        order = self._order(coming.exposure, sequence, around)
        report = self._pictures.draw(order, out)
        if not self._clock.sleep_until(self._reach.look_ns(coming.instant_ns), self._wake) or self._reach.silent:
            return None
        with self._lock:
            losses = run.take(coming, self._clock.now_ns())
            if losses is None:
                return None
            self._sequence = sequence + 1
            self._pictures.handed_over(order)
        return replace(report, losses=losses)

    def stop_live(self) -> None:
        """Stop the free run; a `read_live` that waits or comes too late returns None. Harmless when idle."""
        with self._lock:
            self._end_run()

    def soft_trigger(self) -> None:
        """Start what waits for a trigger. Harmless when nothing does."""
        self._wiring.soft_trigger(self._clock.now_ns())
        self._wake.set()

    def waits(self) -> bool:
        """Whether exposures wait for a trigger or a master, as the connectors are set."""
        return self._wiring.driver() is not None

    def exposure_start_ns(self) -> int | None:
        """UTC at which the single exposure under way began; None while it waits, and when there is none."""
        with self._lock:
            return self._single.start_ns()

    def wait_for_start(self, timeout_s: float | None) -> bool:
        """Wait until the single exposure under way begins; False if it has not in that time.

        Raises
        ------
        ExposureAborted
            If it is abandoned meanwhile.
        """
        return self._single.wait_for_start(timeout_s)

    def trigger_edges_ns(self, begin_ns: int, end_ns: int) -> tuple[int, ...]:
        """The edges at the trigger input from `begin_ns` up to, but without, `end_ns`; UTC."""
        return self._wiring.edges_ns(begin_ns, end_ns)

    def truth(self, sequence: int) -> Truth:
        """The answer key of one of the last 16 frames.

        Raises
        ------
        NoImage
            If that frame is not remembered.
        """
        truth = self._frames.truth(sequence)
        begin_ns = 0 if truth.row0_start_ns is None else truth.row0_start_ns
        troubles = self._board.during(begin_ns, self._clock.now_ns())
        return replace(truth, effects={**truth.effects, "troubles": told(troubles)}) if troubles else truth

    @property
    def troubles(self) -> Board:
        """The board of troubles that can be set on this twin."""
        return self._board

    @property
    def _filter_name(self) -> str:
        return self._port.filter_name

    def _default_format(self) -> FrameFormat:
        effective = self._model.sensor.geometry.effective
        return FrameFormat(
            Window(0, 0, effective.width, effective.height), bits=self._model.mode(self._mode).output_bits[0]
        )

    def _setup(self) -> Setup:
        """What the sensor is told to do at present."""
        settings = self._knobs.settings(self._mode, self._format, self._link)
        timing = self._timing(settings, settings.exposure_s)
        return Setup(settings, timing, self._filter_name, self._wire.link_ns(settings))

    def _timing(self, settings: Settings, exposure_s: float) -> RowTiming:
        return self._wire.timing(settings, exposure_s, live=self._stream is Stream.LIVE)

    def _order(self, shot: Exposure, sequence: int, around: Iterable[int]) -> Order:
        counter = sequence - self._counter_zero
        return Order(shot, sequence, counter, tuple(around), self._wiring.led_pin())

    def _new_run(self) -> FrameStream:
        setup, now_ns, driver = self._setup(), self._clock.now_ns(), self._wiring.driver()
        room = memory_frames(self._model, setup.settings)
        sensor: FreeRun | DrivenRun
        if driver is not None:
            sensor = DrivenRun(driver, setup, now_ns)
        else:
            self._wiring.begin(setup, now_ns)
            sensor = FreeRun(self._wiring.paced(setup), now_ns)
        return FrameStream(sensor, room, self._sequence, self._loses)

    def _loses(self, number: int, start_ns: int) -> bool:
        """Whether a frame is lost on its way."""
        settings = self._knobs.settings(self._mode, self._format, self._link)
        return self._faults.loses(number, start_ns) or self._wire.loses(number, start_ns, settings)

    def _memory_fill_kb(self, now_ns: int) -> float:
        if self._run is None:
            return 0.0
        settings = self._knobs.settings(self._mode, self._format, self._link)
        return self._run.filled(now_ns) * frame_bytes(self._model, settings) / 1024

    def _end_run(self) -> None:
        self._run = None
        self._body.reads(None)
        self._wiring.end(self._clock.now_ns())
        self._wake.set()

    def _apply(self, control: Control, value: float) -> None:
        """Take over a checked value; the free run uses it from its next frame."""
        if self._body_controls.sets(control):
            self._body_controls.set(control, value)
            self._power.look()
            return
        self._knobs[control] = value
        if control is Control.EXPOSURE_S and self._run is not None:
            self._body.reads(value)
        self._tell_run(self._clock.now_ns())

    def _exposure_s(self) -> float:
        return float(self._knobs[Control.EXPOSURE_S])

    def _burst_changed(self, from_zero: bool) -> None:
        """A burst call has come: perhaps the counter starts from zero, perhaps other frames leave."""
        with self._lock:
            self._require_open()
            run = self._run
            if from_zero and run is not None and run.output is not None:
                self._run = self._new_run()
                self._counter_zero = self._sequence
            elif from_zero:
                now_ns = self._clock.now_ns()
                self._counter_zero = run.next_number(now_ns) if run is not None else self._sequence
            self._choose_output()
            self._wake.set()

    def _choose_output(self) -> None:
        if self._run is not None and self._burst is not None:
            output = shifted(self._burst.output(), self._counter_zero)
            self._run.choose(output, self._clock.now_ns())

    def _turn_wheel(self, slot: float) -> None:
        with self._lock:
            self._require_open()
            now_ns = self._clock.now_ns()
            self._port.move(slot, now_ns)
            self._tell_run(now_ns)
        self._frames.light(self._filter_name)

    def _tell_run(self, now_ns: int) -> None:
        if self._run is not None:
            setup = self._setup()
            driven = isinstance(self._run.sensor, DrivenRun)
            self._run.sensor.change(setup if driven else self._wiring.paced(setup), now_ns)
            self._wiring.change(setup, now_ns)

    def _wait_for_start(self, run: FrameStream, deadline_ns: int) -> Arrival | None:
        """Wait until the next frame of a run has begun; None if it does not arrive in time, or the run ends."""
        driven = isinstance(run.sensor, DrivenRun)
        while True:
            with self._lock:
                if self._run is not run:
                    return None
                self._wake.clear()
                now_ns = self._clock.now_ns()
                coming = run.coming(now_ns, NEVER_NS if driven else deadline_ns)
            if coming is None and driven:
                sleep_until(self._clock, NEVER_NS, self._wake)
                return None
            if coming is not None and coming.exposure.start_ns <= now_ns:
                return coming
            until_ns = deadline_ns if coming is None else coming.exposure.start_ns
            if not self._clock.sleep_until(until_ns, self._wake) or coming is None:
                return None

    def _power_lost(self) -> None:
        """What ran is gone, and so is the connection."""
        with self._lock:
            self._single.cancel()
            self._stream, self._held = None, False
        self._reach.cut()

    def _booted(self, at_ns: int) -> None:
        super()._booted(at_ns)
        self._frames.light(self._filter_name)

    def _cable_changed(self) -> None:
        self._tell_run(self._clock.now_ns())

    def _begin_numbers(self) -> None:
        self._held = False
        self._sequence = self._counter_zero = 0
        self._pictures.forget()

    def _reach_changed(self) -> None:
        """A cable or a camera has gone, or is back: whoever waits shall look."""
        with self._lock:
            if not self._reach.connected and self._run is not None:
                self._end_run()
            self._wake.set()

    def _require_stream(self, stream: Stream | None, patient: bool = False) -> None:
        """Raise unless the camera is open and initialised, for the given stream if there is one."""
        self._require_open(patient)
        if self._stream is None:
            raise InvalidOperation("the camera is not initialised.", "Give it a mode and a stream first.")
        if stream is not None and self._stream is not stream:
            raise InvalidOperation(
                f"the camera is initialised for {self._stream.value} frames.",
                f"Initialise it for {stream.value} frames.",
            )

    def _require_idle(self, wish: str) -> None:
        if self._single.under_way:
            raise Busy(f"an exposure is under way: cannot {wish}.", "Read its frame, or abort it.")
        if self._run is not None:
            raise Busy(f"live mode runs: cannot {wish}.", "Stop it first.")
