/* Takes one frame in the call order of the vendor's samples: capture single|live FILE WIDTH HEIGHT. */
#include <qhyccd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MUST(call)                                                  \
    do {                                                            \
        if ((call) == QHYCCD_ERROR) {                               \
            fprintf(stderr, "line %d: %s failed\n", __LINE__, #call); \
            return 1;                                               \
        }                                                           \
    } while (0)

enum { GAIN = 6, OFFSET = 7, EXPOSURE = 8, TRAFFIC = 12, COLOUR = 20 };

int main(int count, char **words) {
    if (count != 5) return 2;
    uint32_t live = strcmp(words[1], "live") == 0, width = (uint32_t)atoi(words[3]), height = (uint32_t)atoi(words[4]);
    uint32_t year, month, day, subday, x, y, w, h, bpp, channels, modes;
    double chip_width, chip_height, pixel_width, pixel_height;
    char id[32];
    MUST(GetQHYCCDSDKVersion(&year, &month, &day, &subday));
    MUST(InitQHYCCDResource());
    if (ScanQHYCCD() == 0) return 3;
    MUST(GetQHYCCDId(0, id));
    qhyccd_handle *camera = OpenQHYCCD(id);
    if (!camera) return 4;
    MUST(GetQHYCCDNumberOfReadModes(camera, &modes));
    MUST(SetQHYCCDReadMode(camera, modes - 1));
    MUST(SetQHYCCDStreamMode(camera, (uint8_t)live));
    MUST(InitQHYCCD(camera));
    MUST(GetQHYCCDOverScanArea(camera, &x, &y, &w, &h));
    MUST(GetQHYCCDEffectiveArea(camera, &x, &y, &w, &h));
    MUST(GetQHYCCDChipInfo(camera, &chip_width, &chip_height, &w, &h, &pixel_width, &pixel_height, &bpp));
    if (IsQHYCCDControlAvailable(camera, COLOUR) != QHYCCD_ERROR) MUST(SetQHYCCDDebayerOnOff(camera, false));
    if (IsQHYCCDControlAvailable(camera, TRAFFIC) == QHYCCD_SUCCESS) MUST(SetQHYCCDParam(camera, TRAFFIC, 10));
    MUST(SetQHYCCDParam(camera, GAIN, 60));
    MUST(SetQHYCCDParam(camera, OFFSET, 40));
    MUST(SetQHYCCDParam(camera, EXPOSURE, 20000));
    MUST(SetQHYCCDResolution(camera, x, y, width, height)); /* before the binning, as the samples do */
    MUST(SetQHYCCDBinMode(camera, 1, 1));
    MUST(SetQHYCCDBitsMode(camera, 16));
    uint32_t room = GetQHYCCDMemLength(camera);
    unsigned char *image = room && room != QHYCCD_ERROR ? calloc(room, 1) : NULL;
    if (!image) return 5;
    uint32_t result = QHYCCD_ERROR;
    if (live) {
        MUST(BeginQHYCCDLive(camera));
        for (int tries = 0; tries < 20000 && result != QHYCCD_SUCCESS; tries++) {
            result = GetQHYCCDLiveFrame(camera, &w, &h, &bpp, &channels, image);
            if (result != QHYCCD_SUCCESS) usleep(1000);
        }
        MUST(StopQHYCCDLive(camera));
    } else {
        uint32_t started = ExpQHYCCDSingleFrame(camera);
        MUST(started);
        if (started != QHYCCD_READ_DIRECTLY) sleep(1);
        result = GetQHYCCDSingleFrame(camera, &w, &h, &bpp, &channels, image);
    }
    MUST(result);
    FILE *file = fopen(words[2], "wb");
    if (!file || fwrite(image, 1, (size_t)w * h * channels * bpp / 8, file) == 0 || fclose(file)) return 6;
    free(image);
    MUST(CancelQHYCCDExposingAndReadout(camera));
    MUST(CloseQHYCCD(camera));
    MUST(ReleaseQHYCCDResource());
    printf("%u x %u, %u bits, %u channel\n", w, h, bpp, channels);
    return 0;
}
