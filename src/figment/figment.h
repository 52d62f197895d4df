// All that a program using figment usually needs: open a run, use it, judge it, write what it made.
#pragma once

#include "figment/apply/open_run.h"
#include "figment/apply/use.h"
#include "figment/core/error.h"
#include "figment/core/files.h"
#include "figment/data/image_codec.h"
#include "figment/data/npy.h"
#include "figment/eval/evaluate.h"
#include "figment/report/grid.h"
#include "figment/train/device.h"
