"""What F1 says of each page, in two paragraphs: of clips and words, or of tables and forecasts as the experiment is."""

DATA_HELP = """\
The clips that trials are made of. Choose or drop a folder with one sub-folder of clips per label, download Mini \
Speech Commands, or have words of your own spoken by a synthesizer. Ticked labels are told apart; _silence_ and \
_unknown_ come from their folders, from noise recordings and from the words not ticked. Speakers are dealt to train, \
validation and test so that no voice is in two parts; the line beneath the labels says whether that holds.

Step through the clips with the arrow keys, Space plays, Del excludes, F2 relabels; drag the waveform to use another \
second of a clip. All of it is kept in a list beside the clips, never in them; Ctrl+Z takes it back, Restore also what \
was changed another day. Judge has a trained trial listen to every clip: those that sound unlike their label come \
first. Clips it was trained on it may know by heart, so a mistake among them weighs more."""
FEATURES_HELP = """\
This page shows what a network gets of a sound. Listen (Space) to a microphone, step through clips (arrows), or drop \
a sound file; drag a setting and the pictures follow. The picture whose name stands out is given to the network, \
and the card beneath holds its shape, its bytes and what it costs to compute on this machine. Use these settings takes \
them to the Experiment page; a dot marks what differs from there.

Class difference averages the pictures of two labels over all their clips and shows where they differ, per frame and \
per coefficient: coefficients and bands without a difference can be left out. Name up to three values of one setting \
to see them side by side. Divided by the standard deviation, a difference tells what a network can rely on."""
EXPERIMENT_HELP = """\
This page holds every setting of a trial, in the order of the journey from clips to the measured file. A group folds \
to one line; a problem stands beneath its field and keeps Train from starting until it is fixed. The card at the \
right estimates size and work before anything is trained. A dot marks a setting that differs from the study's \
reference trial.

Train (Enter) queues a trial; you may go on editing and queue more. The mark beside a field varies it: type values \
separated by commas, and Train becomes one trial for each combination. Sweeps holds ready ones, and searches that try \
some combinations under constraints. Cancel ends what runs; the trial keeps its last epoch and goes on from there: \
Ctrl+K, Train unfinished trials."""
TRIALS_HELP = """\
Each trial of the study is a row of the table and a point on both charts, with the same letter and colour everywhere. \
The line joins the trials that no other one beats in both figures; the others are pale, running ones hollow. Drag or \
type the constraints above the charts to shade what meets them.

Click a row or point to see what it is, what differs from the reference trial, its confusion matrix and its curves. \
Use these settings takes a trial's settings to the Experiment page. Deleted trials come back with Ctrl+Z."""
RECORD_HELP = """\
Record asks for words one by one (Space), keeps the loudest second of each take, and saves it at once under its word, \
so that the folder is a data set like any other. Test lets a model hear clips that are recorded, chosen or dropped, \
and shows every probability and the features it saw; say what was meant, and right and wrong are counted. One sentence \
tells what would help most, and Add to the data keeps the clip for the next training. Ctrl+Z brings a deleted take \
back, and takes an added clip out again.

Live spotting hears the microphone without a break. A word fires when its averaged probability reaches the threshold, \
and none fires within the suppression after it. Threshold counts both errors in a long recording with known words: \
drag the point along the curve, or choose a row, towards fewer missed words or fewer false accepts per hour. Keep this \
working point saves it with the model, where the device finds it too."""
DEVICES_HELP = """\
A device is a Raspberry Pi or any Linux machine that takes SSH connections. At the first contact its fingerprint is \
shown and nothing is sent until you trust it; a key that changed later is refused. Check says what the device is and \
what is missing, Provision makes a Python environment in the user's own folder. Deploy brings a trial there, tries it, \
activates it at once and measures it beside the reference trial; Roll back returns to the release before. The \
figures stand in the trial and on the charts of the Trials page, whose menu chooses the device.

The listening service keeps the deployed model listening, by itself and after every start; each word does nothing, \
runs a shell command, sends an MQTT message, or starts and stops the monitor. Monitor draws what that logs of battery, \
mains, temperature and load, and saves it as CSV. Live shows what the device hears now. A password is asked for only \
where no key is taken, and forgotten with the window unless the system keyring shall keep it; Install my key makes it \
needless."""
DEVICES_OF_FORECASTS_HELP = """\
A device is a Raspberry Pi or any Linux machine that takes SSH connections. At the first contact its fingerprint is \
shown and nothing is sent until you trust it; a key that changed later is refused. Check says what the device is and \
what is missing, Provision makes a Python environment in the user's own folder. Deploy brings a trial there, tries it, \
activates it at once and measures it beside the reference trial; Roll back returns to the release before. The \
figures stand in the trial and on the charts of the Trials page, whose menu chooses the device.

Forecast takes the latest values on the device, of a CSV file, a table of SQLite or a sensor that a command reads, and \
draws what the deployed model makes of them; Follow does so again at every step, and a service there does it by itself \
from the device's start on. A password is asked for only where no key is taken, and forgotten with the window unless \
the system keyring shall keep it; Install my key makes it needless."""
DATA_OF_FORECASTS_HELP = """\
The table that trials are made of: a CSV file with a column of times and columns of numbers. Choose or drop one, or \
download eight years of weather from Jena. The line above says how it was read: a wide table has a column for each \
quantity, a long one, such as a history of Home Assistant or an export of InfluxDB, is turned wide; Shape corrects \
that. Each column stands with its unit, its range and how often it is missing; \
those that the experiment forecasts and sees are in bold, and a right click on the selected ones chooses others. What \
is wrong with the rows is said beneath: unsorted, repeated, missing or broken ones are put right or left out when the \
table is read. Values that a failed sensor gives are named there; Invalid values on the Experiment page leaves them \
out.

The series at the right are those of the columns selected, or of those forecast. The wheel or the arrows zoom and \
scroll, Home shows everything. Dashed lines part training, validation and test, which follow one another in time, so \
that nothing to come is known before. Shares, step and window are set on the Experiment page."""
EXPERIMENT_OF_FORECASTS_HELP = """\
This page holds every setting of a trial, in the order of the journey from the table to the measured file. A group \
folds to one line; a problem stands beneath its field and keeps Train from starting until it is fixed. The card at \
the right estimates size and work before anything is trained. A dot marks a setting that differs from the study's \
reference trial.

Train (Enter) queues a trial; you may go on editing and queue more. The mark beside a field varies it: type values \
separated by commas, and Train becomes one trial for each combination. Sweeps holds ready ones, and searches that try \
some combinations under constraints. Cancel ends what runs; the trial keeps its last epoch and goes on from there: \
Ctrl+K, Train unfinished trials."""
TRIALS_OF_FORECASTS_HELP = """\
Each trial of the study is a row of the table and a point on both charts, with the same letter and colour everywhere. \
The charts show the mean absolute error of one quantity, which the menu above them chooses; the line joins the trials \
that no other one beats in both figures. Persistence, which says that nothing changes, and a linear model are dotted \
lines: a trial worse than persistence carries the sign ▽. Drag or type the constraints above the charts.

Click a row or point to see what a trial is, its forecasts against what came, and its errors by horizon and by hour of \
the day. Enlarge shows them over the whole page, to scroll and zoom through the test period. Use these settings takes \
a trial's settings to the Experiment page. Deleted trials come back with Ctrl+Z."""
FEATURES_OF_FORECASTS_HELP = """\
This page is for keyword spotting, where it shows what a network gets of a sound. The experiment at hand forecasts: \
its network takes the latest values of some columns as they were measured.

Which columns, how many values and how far apart is set on the Experiment page under Data and Window; the Data page \
shows the series."""
RECORD_OF_FORECASTS_HELP = """\
This page is for keyword spotting, where words are recorded and models tried on them. The experiment at hand \
forecasts, and what it trains does not listen.

How well it forecasts stands on the Trials page. Trials of the study that do listen can be tried here all the same."""
