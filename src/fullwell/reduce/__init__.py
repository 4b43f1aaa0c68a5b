"""Know the sky: reduction of what was taken. (Not yet built.)"""
