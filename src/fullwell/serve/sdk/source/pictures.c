/* The functions of the library that only turn pictures into pictures. */
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

/* Spreads the levels that occur evenly over 0 to 255, the darkest to 0; a picture of one level stays as it is. The
 * vendor's library reckons pictures of 16 bit as bytes too, of which it believes there to be half as many. */
void equalize_histogram(uint8_t *image, int32_t width, int32_t height, int32_t bpp) {
    if (!image || width <= 0 || height <= 0 || (bpp != 8 && bpp != 16)) return;
    size_t count = (size_t)width * (size_t)height, bytes = count * (size_t)bpp / 8, found[256] = {0}, sum = 0;
    for (size_t i = 0; i < bytes; i++) found[image[i]]++;
    int darkest = 0;
    while (!found[darkest]) darkest++;
    if (found[darkest] == bytes) return;
    size_t spread = found[darkest] < count ? count - found[darkest] : 0;
    uint8_t level[256] = {0};
    for (int value = darkest + 1; value < 256 && spread; value++) {
        sum += found[value];
        size_t even = (sum * 255 + spread - 1) / spread;
        level[value] = even > 255 ? 255 : (uint8_t)even;
    }
    for (size_t i = 0; i < bytes; i++) image[i] = level[image[i]];
}
