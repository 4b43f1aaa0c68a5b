"""ASCOM Alpaca: ICameraV4 and IFilterWheelV3, management and discovery."""
