/* The three functions of the library that only turn pictures into pictures. */
#include "engine.h"

#include <string.h>

void stretch_to_8_bits(const uint8_t *source, uint8_t *target, uint32_t width, uint32_t height, uint16_t black,
                       uint16_t white) {
    if (!source || !target) return;
    size_t count = (size_t)width * height;
    double scale = white > black ? 255.0 / (white - black) : 0.0;
    for (size_t i = 0; i < count; i++) {
        uint16_t word = (uint16_t)(source[2 * i] | source[2 * i + 1] << 8);
        if (word <= black) target[i] = 0;
        else if (word >= white) target[i] = 255;
        else target[i] = (uint8_t)((word - black) * scale);
    }
}
