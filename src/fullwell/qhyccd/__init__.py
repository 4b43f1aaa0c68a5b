"""The real far end of the cable: the vendor library. (Not yet built.)"""
