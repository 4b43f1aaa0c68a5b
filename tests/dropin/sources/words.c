/* What programs take from the vendor's headers besides functions; needs no camera. Runs to the end if all is as there. */
#include <qhyccd.h>
#include <qhyccdcamdef.h>
#include <qhyccderr.h>
#include <qhyccdstruct.h>
#include <string.h>

static void plugged(char *id) { (void)id; }
static void arrived(char *id, uint8_t *image) { (void)id, (void)image; }
static void broken(void) {}

int main(void) {
    enum CONTROL_ID control = CONTROL_GAIN;
    CONTROL_ID last = CONTROL_HDR_showKB;
    BAYER_ID bayer = BAYER_RG;
    char status[64], words[64];
    uint8_t image[8] = {0};
    uint32_t number[4];
    double range[3];
    qhyccd_handle *camera = NULL;
    memset(status, 7, sizeof status);
    RegisterPnpEventIn(plugged);
    RegisterPnpEventOut(plugged);
    RegisterDataEventSingle(arrived);
    RegisterDataEventLive(arrived);
    RegisterTransferEventError(broken);
    if (GetQHYCCDCFWStatus(camera, status) != QHYCCD_ERROR || status[0] != 7) return 1;
    if (GetQHYCCDParam(camera, control) != QHYCCD_ERROR || SetQHYCCDParam(camera, last, 1) != QHYCCD_ERROR) return 2;
    if (GetQHYCCDParamMinMaxStep(camera, control, &range[0], &range[1], &range[2]) == QHYCCD_SUCCESS) return 3;
    if (GetQHYCCDLiveFrame(camera, &number[0], &number[1], &number[2], &number[3], image) == QHYCCD_SUCCESS) return 4;
    if (SendOrder2QHYCCDCFW(camera, words, 1) == QHYCCD_SUCCESS) return 5;
    if (ControlQHYCCDShutter(camera, MACHANICALSHUTTER_FREE) == QHYCCD_SUCCESS) return 6;
    return CAM_32BITS == 66 && CONTROL_MAX_ID == 96 && last == 1033 && bayer == 4 && MIRRORV == 5 &&
                   QHYCCD_READ_DIRECTLY == 0x2001 && sizeof(QHYDWORD) == 8
               ? 0
               : 7;
}
