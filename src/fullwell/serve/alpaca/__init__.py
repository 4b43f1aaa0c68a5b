"""The ASCOM Alpaca door: ICameraV4, IFilterWheelV3, management, discovery."""

from fullwell.serve.alpaca.application import application
from fullwell.serve.alpaca.server import AlpacaServer, serve

__all__ = ["AlpacaServer", "application", "serve"]
