//! The recommendation's constants (G.722 tables 14 to 21).

/// Decision levels of the lower band's 60-level quantizer, in 4,096ths of its scale factor; below the first lies interval 1.
pub(super) const LOW_DECISIONS: [i32; 29] = [
    35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940, 1023, 1121, 1219, 1339,
    1458, 1612, 1765, 1980, 2195, 2557, 2919,
];

/// Codes of the lower band's intervals for negative differences.
pub(super) const LOW_CODES_NEGATIVE: [u8; 30] =
    [63, 62, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4];

/// Codes of the lower band's intervals for positive differences.
pub(super) const LOW_CODES_POSITIVE: [u8; 30] = [
    61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42, 41, 40, 39, 38, 37, 36, 35, 34, 33,
    32,
];

/// Outputs of the lower band's inverse quantizer with all six bits, in 32,768ths of the scale factor.
pub(super) const LOW_OUTPUTS_6_BIT: [i32; 64] = [
    -136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232, -9360, -8576,
    -7856, -7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776, -2400, -2032, -1688, -1360, -1040,
    -728, 24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192, 10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456,
    4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032, 1688, 1360, 1040, 728, 432, 136, -432, -136,
];

/// Outputs with the upper four bits alone: they steer the adaptation, in all modes.
pub(super) const LOW_OUTPUTS_4_BIT: [i32; 16] =
    [0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584, 1200, 0];

/// What the lower band's logarithmic scale factor moves by, for each four-bit code.
pub(super) const LOW_STEPS: [i32; 16] =
    [-60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60];

/// The decision level of the higher band's four-level quantizer, in 4,096ths of its scale factor.
pub(super) const HIGH_DECISION: i32 = 564;

/// Outputs of the higher band's inverse quantizer, in 32,768ths of the scale factor.
pub(super) const HIGH_OUTPUTS: [i32; 4] = [-7408, -1616, 7408, 1616];

/// What the higher band's logarithmic scale factor moves by, for each code.
pub(super) const HIGH_STEPS: [i32; 4] = [798, -214, 798, -214];

/// 2,048 times two to the power of n/32.
pub(super) const POWERS: [i32; 32] = [
    2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834, 2896, 2960, 3025,
    3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
];
